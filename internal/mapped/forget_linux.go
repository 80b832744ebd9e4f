package mapped

import "syscall"

// forget takes pages of a map for reading out of the process. An error would mean that they stay.
func forget(pages []byte) { _ = syscall.Madvise(pages, syscall.MADV_DONTNEED) }
