package mapped

import (
	"os"
	"sync"
	"unsafe"
)

// live are the maps that are open.
var live struct {
	sync.Mutex
	files map[*File]bool
}

// keep notes that f is open, or not.
func (f *File) keep(open bool) {
	live.Lock()
	defer live.Unlock()
	if live.files == nil {
		live.files = map[*File]bool{}
	}
	if open {
		live.files[f] = true
	} else {
		delete(live.files, f)
	}
}

// Forget says that data is not going to be needed for a while: if it is part of a mapped file, the system may use its
// memory for something else, and reads it again where it is needed after all. For other data it does nothing.
func Forget(data []byte) {
	live.Lock()
	defer live.Unlock()
	for f := range live.files {
		if part := f.pages(data); part != nil {
			forget(part)
		}
	}
}

// pages are the pages of a mapped file that lie wholly in data, if data is a part of it.
func (f *File) pages(data []byte) []byte {
	if len(data) == 0 || len(data) > len(f.mapped) {
		return nil
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(f.mapped)))
	at := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	if at < start || at-start > uintptr(len(f.mapped)-len(data)) {
		return nil
	}
	page := os.Getpagesize()
	first := (int(at-start) + page - 1) / page * page // a map begins with a page
	last := (int(at-start) + len(data)) / page * page
	if first >= last {
		return nil
	}
	return f.mapped[first:last]
}
