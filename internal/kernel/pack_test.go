package kernel

import "testing"

// packings are shapes of a matrix and the distance of its rows: lengths and widths around every step.
func packings(t *testing.T, test func(t *testing.T, edge string, n, dim, stride int)) {
	for _, n := range lengths() {
		for i, dim := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 59, 64, 65, 111} {
			if (n > 99 || testing.Short()) && (n+i)%4 != 0 {
				continue
			}
			for _, edge := range edges {
				test(t, edge, n, dim, dim+(n+i)%3)
			}
		}
	}
}

const mostPacked = 257 * 128

func TestPackKeys(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		dstRoom, kRoom := newRoom[float32](t, 288*128), newRoom[float32](t, mostPacked)
		packings(t, func(t *testing.T, edge string, n, dim, stride int) {
			dst, k := dstRoom.slice(edge, Panels(n)*dim*PanelWidth), kRoom.fill(edge, matrixSize(n, dim, stride), next)
			PackKeys(dst, k, stride, n, dim)
			for i, x := range dst {
				j, d := i/(dim*PanelWidth)*PanelWidth+i%PanelWidth, i/PanelWidth%dim
				var want float32
				if j < n {
					want = k[j*stride+d]
				}
				if !same(x, want) {
					t.Fatalf("n=%d dim=%d: key %d, number %d is %v, expected %v", n, dim, j, d, x, want)
				}
			}
			dstRoom.checkAround(t, "dst")
			kRoom.checkUnchanged(t, "k")
		})
	})
}

func TestPackValues(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		dstRoom, vRoom := newRoom[float32](t, 288*128), newRoom[float32](t, mostPacked)
		packings(t, func(t *testing.T, edge string, n, dim, stride int) {
			dst, v := dstRoom.slice(edge, Panels(dim)*n*PanelWidth), vRoom.fill(edge, matrixSize(n, dim, stride), next)
			PackValues(dst, v, stride, n, dim)
			for i, x := range dst {
				j, c := i/PanelWidth%n, i/(n*PanelWidth)*PanelWidth+i%PanelWidth
				var want float32
				if c < dim {
					want = v[j*stride+c]
				}
				if !same(x, want) {
					t.Fatalf("n=%d dim=%d: value %d, number %d is %v, expected %v", n, dim, j, c, x, want)
				}
			}
			dstRoom.checkAround(t, "dst")
			vRoom.checkUnchanged(t, "v")
		})
	})
}

// matrixSize is the number of elements from the first to the last one of n rows.
func matrixSize(n, dim, stride int) int {
	if n == 0 {
		return 0
	}
	return (n-1)*stride + dim
}
