package measure

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// adviseHugePages asks for large pages, of which fewer have to be looked up: with them memory is read up to an eighth
// faster. Where the system gives none, ReadRate is what small pages allow.
func adviseHugePages(x []uint64) {
	_ = unix.Madvise(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 8*len(x)), unix.MADV_HUGEPAGE)
}
