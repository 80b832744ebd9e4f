package safetensors

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/internal/regular"
	"github.com/rapt-go/rapt/internal/strictjson"
)

// OpenIndex opens the shards of which an index says that together they are one file: its "weight_map" has the name of the
// shard, beside the index, for every tensor. An index is as little believed as a header: each shard has the tensors that
// the index gives it, and no others. The shards must not be shortened while they are open.
func OpenIndex(path string) (*File, error) {
	data, err := regular.Read(path, maxHeader)
	if err != nil {
		return nil, err
	}
	shardOf, err := parseIndex(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f := &File{tensors: map[string]Tensor{}, metadata: map[string]string{}}
	if err := f.openShards(filepath.Dir(path), shardOf); err != nil {
		f.Close() // the shards are bad, which is what the caller has to hear
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// openShards adds the shards in a directory, in the order of their names.
func (f *File) openShards(dir string, shardOf map[string]string) error {
	for _, shard := range slices.Compact(slices.Sorted(maps.Values(shardOf))) {
		part, err := Open(filepath.Join(dir, filepath.FromSlash(shard)))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("shard %s is missing", quote.Text(shard))
		}
		if err != nil {
			return err
		}
		f.mapped, f.size = append(f.mapped, part.mapped...), f.size+part.size
		for name, tensor := range part.tensors {
			switch where, listed := shardOf[name]; {
			case !listed:
				return fmt.Errorf("shard %s has a tensor %s, which the index doesn't list", quote.Text(shard), quote.Text(name))
			case where != shard:
				return fmt.Errorf("shard %s has a tensor %s, which the index has in %s", quote.Text(shard), quote.Text(name), quote.Text(where))
			}
			f.tensors[name] = tensor
		}
		maps.Copy(f.metadata, part.metadata)
	}
	for _, name := range slices.Sorted(maps.Keys(shardOf)) {
		if _, ok := f.tensors[name]; !ok {
			return fmt.Errorf("shard %s has no tensor %s, which the index has there", quote.Text(shardOf[name]), quote.Text(name))
		}
	}
	return nil
}

// parseIndex reads the "weight_map" of an index: the shard of each tensor. Beside it there is "metadata", whose sums nobody keeps right.
func parseIndex(data []byte) (shardOf map[string]string, err error) {
	json := strictjson.NewReader(data)
	err = json.Object(func(key string) error {
		if key != "weight_map" {
			return json.Skip()
		}
		shardOf = map[string]string{}
		return json.Object(func(tensor string) error {
			shard, err := json.Text()
			if err == nil {
				err = checkShard(shard)
			}
			if err != nil {
				return fmt.Errorf("weight_map: tensor %s: %w", quote.Text(tensor), err)
			}
			shardOf[tensor] = shard
			return nil
		})
	})
	switch {
	case err != nil:
		return nil, err
	case len(shardOf) == 0:
		return nil, errors.New("there is no weight_map, or it is empty")
	}
	return shardOf, json.End()
}

// checkShard refuses a path that leaves the directory of the index, that is a second way to write the same one, or that
// would show as something else in an error.
func checkShard(shard string) error {
	switch {
	case !filepath.IsLocal(filepath.FromSlash(shard)):
		return fmt.Errorf("its shard %s is outside the directory of the index", quote.Text(shard))
	case shard != path.Clean(shard) || shard == "." || strings.ContainsFunc(shard, unicode.IsControl):
		return fmt.Errorf("its shard %s is no plain path", quote.Text(shard))
	}
	return nil
}
