//go:build !linux

package measure

// adviseHugePages does nothing where pages can't be asked for.
func adviseHugePages([]uint64) {}
