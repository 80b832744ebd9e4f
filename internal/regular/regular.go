// Package regular opens files that somebody else has put in a directory. A directory may also hold pipes that nobody writes to,
// devices that never end and files larger than the memory: to read those is to wait, or to be killed.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Open opens a file for reading if it is a regular one, and gives its size in bytes.
func Open(path string) (file *os.File, size int64, err error) {
	info, err := os.Stat(path) // before it is opened: to open a pipe is to wait for its other end
	if err != nil {
		var pathError *fs.PathError
		if errors.As(err, &pathError) {
			pathError.Op = "open" // which is what the caller wanted
		}
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: not a regular file", path)
	}
	if file, err = os.Open(path); err != nil {
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// Read reads a whole file, which may have up to limit bytes.
func Read(path string, limit int64) ([]byte, error) {
	file, size, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if size > limit {
		return nil, fmt.Errorf("%s: the file has %d bytes, at most %d are read", path, size, limit)
	}
	data, err := io.ReadAll(io.LimitReader(file, limit)) // as far as it goes, if it grows meanwhile
	if err != nil {
		return nil, err
	}
	return data, nil
}
