package matmul

import (
	"encoding/binary"
	"math"

	"github.com/rapt-go/rapt/internal/half"
)

// The loops below are apart, one a format, so that the conversion is inlined in each.

func expandFloat32(dst []float32, data []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
}

func expandFloat16(dst []float32, data []byte) {
	for i := range dst {
		dst[i] = half.HalfToFloat(binary.LittleEndian.Uint16(data[2*i:]))
	}
}

func expandBFloat16(dst []float32, data []byte) {
	for i := range dst {
		dst[i] = half.BFloat16ToFloat(binary.LittleEndian.Uint16(data[2*i:]))
	}
}
