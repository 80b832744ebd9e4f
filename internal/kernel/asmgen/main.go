// Command asmgen writes the assembly of the matrix products, which differ between row counts and instruction sets only in
// how often the same lines come. Run it in internal/kernel, as go generate does; a test there fails when a file is stale.
package main

import (
	"fmt"
	"os"
)

func main() {
	for name, content := range Files() {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "asmgen:", err)
			os.Exit(1)
		}
	}
}
