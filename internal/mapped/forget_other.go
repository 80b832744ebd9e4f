//go:build !linux

package mapped

// forget leaves pages to the system, which takes them when it needs memory.
func forget([]byte) {}
