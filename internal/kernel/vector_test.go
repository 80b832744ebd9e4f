//go:build !purego && (amd64 || arm64)

package kernel

import (
	"os"
	"strings"
)

// turnedOff reports whether GODEBUG hides a feature of the CPU from this program.
func turnedOff(feature string) bool {
	debug := os.Getenv("GODEBUG")
	return strings.Contains(debug, "cpu."+feature+"=off") || strings.Contains(debug, "cpu.all=off")
}
