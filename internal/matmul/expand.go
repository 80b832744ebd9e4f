package matmul

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/rapt-go/rapt/internal/half"
	"github.com/rapt-go/rapt/internal/kernel"
)

// littleEndian is whether numbers lie in this machine's memory as in a file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// halves are encoded 16-bit numbers: data itself where the machine is little-endian, else a copy.
func halves(data []byte) []uint16 {
	if littleEndian {
		return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/2)
	}
	list := make([]uint16, len(data)/2)
	for i := range list {
		list[i] = binary.LittleEndian.Uint16(data[2*i:])
	}
	return list
}

// expand writes row i as float32.
func (m *Matrix) expand(dst []float32, i int) { // dst [in]
	data := m.row(i)
	switch m.format {
	case F32:
		expandFloats(dst, data)
	case F16:
		kernel.ExpandHalf(dst, halves(data))
	case BF16:
		kernel.ExpandBFloat16(dst, halves(data))
	default:
		for len(dst) > 0 {
			_, bytes := m.format.block()
			expandBlock(m.format, dst[:kernel.BlockLen], data)
			dst, data = dst[kernel.BlockLen:], data[bytes:]
		}
	}
}

// expandBlock writes the numbers of a block as float32, as kernel.ExpandBlocks does: a number is rounded once at most.
func expandBlock(format Format, dst []float32, block []byte) { // dst [BlockLen]
	d := half.HalfToFloat(binary.LittleEndian.Uint16(block))
	least, q := -8*d, block[2:]
	switch format {
	case Q8_0:
		for i := range dst {
			dst[i] = float32(int8(q[i])) * d
		}
		return
	case Q4_1:
		least, q = half.HalfToFloat(binary.LittleEndian.Uint16(q)), q[2:]
	}
	const middle = kernel.BlockLen / 2
	for i, b := range q[:middle] {
		dst[i] = float32(b&15)*d + least
		dst[middle+i] = float32(b>>4)*d + least
	}
}

func expandFloats(dst []float32, data []byte) {
	const size = 4
	if littleEndian {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), size*len(dst)), data)
		return
	}
	for j := range dst {
		dst[j] = math.Float32frombits(binary.LittleEndian.Uint32(data[size*j:]))
	}
}

// expandColumn writes row i of a matrix whose data is transposed.
func (m *Matrix) expandColumn(dst []float32, i int) { // dst [in]
	size := m.format.size()
	for j := range dst {
		number := m.data[(j*m.out+i)*size:][:size]
		switch m.format {
		case F32:
			expandFloats(dst[j:j+1], number)
		case F16:
			dst[j] = half.HalfToFloat(binary.LittleEndian.Uint16(number))
		case BF16:
			dst[j] = half.BFloat16ToFloat(binary.LittleEndian.Uint16(number))
		}
	}
}

// row is the encoded row i.
func (m *Matrix) row(i int) []byte {
	numbers, bytes := m.format.block()
	length := m.in / numbers * bytes
	return m.data[i*length:][:length]
}
