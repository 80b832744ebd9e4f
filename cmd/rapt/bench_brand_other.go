//go:build !darwin

package main

// brand is "" where no call gives the processor's name.
func brand() string { return "" }
