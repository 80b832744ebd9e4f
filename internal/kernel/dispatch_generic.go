package kernel

func multiply(dst []float32, dstStride int, a []float32, aStride int, b B, rows, depth, cols int, rescale []float32) {
	multiplyGeneric(dst, dstStride, a, aStride, b, rows, depth, cols, rescale)
}

func packKeys(dst, k []float32, stride, n, dim int) { packKeysGeneric(dst, k, stride, n, dim) }

func packValues(dst, v []float32, stride, n, dim int) { packValuesGeneric(dst, v, stride, n, dim) }

func softmax(s []float32, stride, rows, n int, c float32, rowMax, rowSum, rescale []float32) {
	softmaxGeneric(s, stride, rows, n, c, rowMax, rowSum, rescale)
}
