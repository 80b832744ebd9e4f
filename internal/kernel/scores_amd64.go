//go:build !purego

package kernel

//go:noescape
func fillAVX512(s *float32, x float32, n int)

//go:noescape
func fillAVX2(s *float32, x float32, n int)

// softcapAVX512 does s[j] = limit·tanh(k·s[j]).
//
//go:noescape
func softcapAVX512(s *float32, k, limit float32, n int)

// softcapAVX2 does s[j] = limit·tanh(k·s[j]).
//
//go:noescape
func softcapAVX2(s *float32, k, limit float32, n int)

//go:noescape
func addBiasAVX512(s *float32, a float32, bias *float32, n int)

//go:noescape
func addBiasAVX2(s *float32, a float32, bias *float32, n int)

//go:noescape
func addDistanceAVX512(s *float32, a, slope float32, distance, n int)

//go:noescape
func addDistanceAVX2(s *float32, a, slope float32, distance, n int)

//go:noescape
func hideAVX512(s *float32, keep *bool, n int)

//go:noescape
func hideAVX2(s *float32, keep *bool, n int)

//go:noescape
func hideOthersAVX512(s *float32, ids *int32, own int32, n int)

//go:noescape
func hideOthersAVX2(s *float32, ids *int32, own int32, n int)

// ascending is subtracted from a distance to make those of a whole vector.
//
//lint:ignore U1000 assembly reads it
var ascending = [16]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func fill(s []float32, x float32) {
	switch {
	case useAVX512 && len(s) > 0:
		fillAVX512(&s[0], x, len(s))
	case useAVX2 && len(s) > 0:
		fillAVX2(&s[0], x, len(s))
	default:
		fillGeneric(s, x)
	}
}

func softcap(s []float32, a, limit float32) {
	switch {
	case useAVX512 && len(s) > 0:
		softcapAVX512(&s[0], a/limit, limit, len(s))
	case useAVX2 && len(s) > 0:
		softcapAVX2(&s[0], a/limit, limit, len(s))
	default:
		softcapGeneric(s, a, limit)
	}
}

func addBias(s []float32, a float32, bias []float32) {
	switch {
	case useAVX512 && len(s) > 0:
		addBiasAVX512(&s[0], a, &bias[0], len(s))
	case useAVX2 && len(s) > 0:
		addBiasAVX2(&s[0], a, &bias[0], len(s))
	default:
		addBiasGeneric(s, a, bias)
	}
}

func addDistance(s []float32, a, slope float32, distance int) {
	switch {
	case useAVX512 && len(s) > 0:
		addDistanceAVX512(&s[0], a, slope, distance, len(s))
	case useAVX2 && len(s) > 0:
		addDistanceAVX2(&s[0], a, slope, distance, len(s))
	default:
		addDistanceGeneric(s, a, slope, distance)
	}
}

func hide(s []float32, keep []bool) {
	switch {
	case useAVX512 && len(s) > 0:
		hideAVX512(&s[0], &keep[0], len(s))
	case useAVX2 && len(s) > 0:
		hideAVX2(&s[0], &keep[0], len(s))
	default:
		hideGeneric(s, keep)
	}
}

func hideOthers(s []float32, ids []int32, own int32) {
	switch {
	case useAVX512 && len(s) > 0:
		hideOthersAVX512(&s[0], &ids[0], own, len(s))
	case useAVX2 && len(s) > 0:
		hideOthersAVX2(&s[0], &ids[0], own, len(s))
	default:
		hideOthersGeneric(s, ids, own)
	}
}
