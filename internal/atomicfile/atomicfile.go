// Package atomicfile writes files that are there whole or not at all.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Write calls write to fill the file at path. What it writes goes to a file beside path, which takes path's name when
// write has succeeded; after an error path is as it was, and nothing is left beside it. An existing file keeps its
// permissions, and one that may not be written isn't replaced. A symbolic link stays one: the file that it leads to is
// replaced.
//
// A path that exists and isn't a regular file, such as a pipe or /dev/full, is written directly, and so is whatever
// standard output goes to.
//
// The writer is buffered. Its errors come from Write too, so that write need not look at each of them.
func Write(path string, write func(io.Writer) error) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return replace(path, 0, write)
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a directory", path)
	}
	// A shell may have opened a regular file for several commands in a row: theirs is the place in it, not its name.
	if stdout, err := os.Stdout.Stat(); err == nil && os.SameFile(info, stdout) {
		return fill(os.Stdout, path, write)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.Join(fill(file, path, write), file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	return replace(target, info.Mode().Perm(), write)
}

// replace writes a temporary file and renames it to path. A mode other than 0 is that of the file to be replaced.
func replace(path string, mode fs.FileMode, write func(io.Writer) error) error {
	file, err := createBeside(path)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			file.Close() // again, unless write panicked
			os.Remove(file.Name())
		}
	}()
	if mode != 0 {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = fill(file, path, write)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	done = true
	return nil
}

// createBeside creates a file of a new name in the directory of path. Unlike os.CreateTemp, it leaves the permissions
// to the umask, since the file is to stay.
func createBeside(path string) (*os.File, error) {
	for {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".rapt-%016x.tmp", rand.Uint64()))
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return file, named(err, path)
		}
	}
}

// fill calls write with a buffer in front of file, whose errors call it path.
func fill(file *os.File, path string, write func(io.Writer) error) error {
	buffer := bufio.NewWriterSize(&target{file, path}, 1<<16)
	if err := write(buffer); err != nil {
		return err
	}
	return buffer.Flush()
}

// A target is a file whose errors name another path than its own.
type target struct {
	file *os.File
	path string
}

func (t *target) Write(p []byte) (int, error) {
	n, err := t.file.Write(p)
	return n, named(err, t.path)
}

// named is err, about path where it was about another file.
func named(err error, path string) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return &fs.PathError{Op: pathErr.Op, Path: path, Err: pathErr.Err}
	}
	return err
}
