package npy

import (
	"archive/zip"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"

	"github.com/rapt-go/rapt/internal/quote"
)

// ReadNPZFile reads a .npz file.
func ReadNPZFile(path string) (map[string]*Array, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	arrays, err := ReadNPZ(file, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return arrays, nil
}

// ReadNPZ reads an archive of size bytes, as NumPy's savez and savez_compressed write them: its arrays by name.
func ReadNPZ(r io.ReaderAt, size int64) (map[string]*Array, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("npz: %w", err)
	}
	arrays := map[string]*Array{}
	for _, entry := range archive.File {
		name, ok := strings.CutSuffix(entry.Name, ".npy")
		if !ok {
			return nil, fmt.Errorf("npz: %s isn't a .npy file", quote.Text(entry.Name))
		}
		if arrays[name] != nil {
			return nil, fmt.Errorf("npz: %s is there twice", quote.Text(entry.Name))
		}
		if arrays[name], err = readEntry(entry, size); err != nil {
			return nil, fmt.Errorf("npz: %s: %w", quote.Text(entry.Name), err)
		}
	}
	return arrays, nil
}

// readEntry reads one array out of an archive of size bytes.
func readEntry(entry *zip.File, size int64) (*Array, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	// The archive's own word is taken for the length of what isn't compressed, as far as there is room for it in the file.
	// What is compressed may claim any length: its slice grows as elements arrive.
	length := int64(-1)
	if entry.Method == zip.Store && entry.UncompressedSize64 <= uint64(size) {
		length = int64(entry.UncompressedSize64)
	}
	return read(r, length)
}

// WriteNPZ writes an archive as NumPy's savez does: arrays[i] under names[i], not compressed.
func WriteNPZ(w io.Writer, names []string, arrays []*Array) error {
	if len(names) != len(arrays) {
		return fmt.Errorf("npz: %d names for %d arrays", len(names), len(arrays))
	}
	archive := zip.NewWriter(w)
	seen := map[string]bool{}
	for i, name := range names {
		if name == "" || seen[name] {
			return fmt.Errorf("npz: the name %s is empty or there twice", quote.Text(name))
		}
		seen[name] = true
		if err := writeEntry(archive, name+".npy", arrays[i]); err != nil {
			return fmt.Errorf("npz: %s: %w", quote.Text(name), err)
		}
	}
	return archive.Close()
}

// writeEntry adds one array. Its size and checksum go in front of it, for readers that don't look at the directory
// at the archive's end; the checksum takes a pass of its own.
func writeEntry(archive *zip.Writer, name string, a *Array) error {
	t, err := a.check()
	if err != nil {
		return err
	}
	sum, size := crc32.NewIEEE(), counter(0)
	if err := a.write(io.MultiWriter(sum, &size), t); err != nil {
		return err
	}
	w, err := archive.CreateRaw(&zip.FileHeader{
		Name:               name,
		Method:             zip.Store,
		CRC32:              sum.Sum32(),
		CompressedSize64:   uint64(size),
		UncompressedSize64: uint64(size),
		//lint:ignore SA1019 CreateRaw takes the date from here and from nowhere else
		ModifiedDate: 1<<5 | 1, // 1 January 1980, always, so that the same arrays make the same bytes
	})
	if err != nil {
		return err
	}
	return a.write(w, t)
}

// A counter counts the bytes written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
