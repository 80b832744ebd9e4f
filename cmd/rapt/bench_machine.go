package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// cpuName is what the system calls the processor, or where it doesn't say, the architecture.
func cpuName() string {
	if name, ok := procField("/proc/cpuinfo", "model name"); ok {
		return name
	}
	if name := brand(); name != "" {
		return name
	}
	return runtime.GOARCH
}

// freeMemory is how many bytes a program can take before others suffer, where the system says so.
func freeMemory() (bytes float64, known bool) {
	value, ok := procField("/proc/meminfo", "MemAvailable")
	if !ok {
		return 0, false
	}
	kilobytes, err := strconv.ParseFloat(strings.TrimSuffix(value, " kB"), 64)
	return kilobytes * 1024, err == nil
}

// procField is the first value of that name in a file of lines "name : value".
func procField(file, field string) (value string, ok bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == field {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}
