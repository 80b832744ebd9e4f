//go:build purego || !(amd64 || arm64)

package kernel

func multiply(dst []float32, dstStride int, a []float32, aStride int, b *B, rows, depth, cols int, rescale, _ []float32, _ int) {
	multiplyGeneric(dst, dstStride, a, aStride, b, rows, depth, cols, rescale)
}

func packKeys(dst, k []float32, stride, n, dim int) { packKeysGeneric(dst, k, stride, n, dim) }

func packValues(dst, v []float32, stride, n, dim int) { packValuesGeneric(dst, v, stride, n, dim) }

func softmax(s []float32, stride, rows, n int, c float32, rowMax, rowSum, rescale []float32) {
	softmaxGeneric(s, stride, rows, n, c, rowMax, rowSum, rescale)
}

func combine(dst []float32, a float32, src []float32, b float32) { combineGeneric(dst, a, src, b) }

func scale(dst []float32, a float32, src []float32) { scaleGeneric(dst, a, src) }

func finite(x []float32) bool { return finiteGeneric(x) }

func fill(s []float32, x float32) { fillGeneric(s, x) }

func softcap(s []float32, a, limit float32) { softcapGeneric(s, a, limit) }

func addBias(s []float32, a float32, bias []float32) { addBiasGeneric(s, a, bias) }

func addDistance(s []float32, a, slope float32, distance int) {
	addDistanceGeneric(s, a, slope, distance)
}

func hide(s []float32, keep []bool) { hideGeneric(s, keep) }

func hideOthers(s []float32, ids []int32, own int32) { hideOthersGeneric(s, ids, own) }

// Peak does nothing but multiply and add, and returns how many floating-point operations that was: about 2^22 for n = 1.
func Peak(n int) (flops int) { return peakGeneric(n) }

// Name is the instruction set of the kernels in use.
func Name() string { return "generic" }
