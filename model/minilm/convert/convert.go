package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"github.com/rapt-go/rapt/internal/half"
	"github.com/rapt-go/rapt/internal/safetensors"
)

// original is the file that is converted: sentence-transformers/all-MiniLM-L6-v2 at revision
// 1110a243fdf4706b3f48f1d95db1a4f5529b4d41.
const original = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

// metadata is what the converted file says about itself.
var metadata = map[string]string{
	"format":  "pt",
	"source":  "sentence-transformers/all-MiniLM-L6-v2, model.safetensors with sha256 " + original,
	"license": "Apache-2.0",
	"changes": "float32 rounded to float16, to nearest even; pooler and position_ids left out",
}

// convert makes the float16 file out of the original's bytes. The same bytes give the same file.
func convert(data []byte) ([]byte, error) {
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != original {
		return nil, fmt.Errorf("sha256 is %x, expected %s", sum, original)
	}
	file, err := safetensors.Parse(data)
	if err != nil {
		return nil, err
	}
	var tensors []safetensors.Tensor
	for _, name := range file.Names() {
		if strings.HasPrefix(name, "pooler.") || name == "embeddings.position_ids" {
			continue
		}
		t, _ := file.Tensor(name)
		if t, err = toHalf(t); err != nil {
			return nil, err
		}
		tensors = append(tensors, t)
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, metadata); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// toHalf rounds a float32 tensor to float16. A number that float16 can't hold is an error.
func toHalf(t safetensors.Tensor) (safetensors.Tensor, error) {
	if t.DType != safetensors.F32 {
		return t, fmt.Errorf("tensor %s is %s, expected %s", t.Name, t.DType, safetensors.F32)
	}
	values, err := t.Float32s()
	if err != nil {
		return t, err
	}
	rounded := make([]byte, 0, 2*len(values))
	for i, v := range values {
		h := half.FloatToHalf(v)
		if back := float64(half.HalfToFloat(h)); math.IsNaN(back) || math.IsInf(back, 0) {
			return t, fmt.Errorf("tensor %s: element %d is %v, which float16 can't hold", t.Name, i, v)
		}
		rounded = binary.LittleEndian.AppendUint16(rounded, h)
	}
	return safetensors.Tensor{Name: t.Name, DType: safetensors.F16, Shape: t.Shape, Data: rounded}, nil
}
