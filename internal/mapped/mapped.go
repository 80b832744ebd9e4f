// Package mapped gives the bytes of a file without reading it: mapped into memory, where the system can do that.
package mapped

import (
	"fmt"
	"io"
	"math"

	"github.com/edsrzf/mmap-go"

	"github.com/rapt-go/rapt/internal/regular"
)

// A File is the contents of a file, for reading only.
type File struct {
	Data   []byte    // must not be used after Close
	mapped mmap.MMap // nil if Data is on the heap
}

// Open maps the regular file at path into memory, or reads it where the system can't map it. The file must not be shortened
// while it is open.
func Open(path string) (*File, error) {
	file, size, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	switch {
	case size > math.MaxInt:
		return nil, fmt.Errorf("%s: %d bytes are more than this system can address", path, size)
	case size == 0:
		return &File{}, nil // a map can't be empty
	}
	if mapped, err := mmap.Map(file, mmap.RDONLY, 0); err == nil {
		f := &File{mapped, mapped}
		f.keep(true)
		return f, nil
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &File{Data: data}, nil
}

// Close gives the memory back. A second call does nothing.
func (f *File) Close() error {
	f.Data = nil
	if f.mapped == nil {
		return nil
	}
	f.keep(false)
	return f.mapped.Unmap() // sets mapped to nil
}
