//go:build !purego

package kernel

// All of these take a multiple of 8 numbers, hideNEON of 16, and more than 0.

// softcapNEON does s[j] = limit·tanh(k·s[j]).
//
//go:noescape
func softcapNEON(s *float32, k, limit float32, n int)

//go:noescape
func addBiasNEON(s *float32, a float32, bias *float32, n int)

//go:noescape
func addDistanceNEON(s *float32, a, slope float32, distance, n int)

//go:noescape
func hideNEON(s *float32, keep *bool, n int)

//go:noescape
func hideOthersNEON(s *float32, ids *int32, own int32, n int)

// ascending is subtracted from a distance to make those of a whole vector.
//
//lint:ignore U1000 assembly reads it
var ascending = [8]int32{0, 1, 2, 3, 4, 5, 6, 7}

// fill is the plain loop: the compiler's stores of one number each keep up with the caches of these machines.
func fill(s []float32, x float32) { fillGeneric(s, x) }

func softcap(s []float32, a, limit float32) {
	if !useNEON {
		softcapGeneric(s, a, limit)
		return
	}
	whole := len(s) &^ 7
	if whole > 0 {
		softcapNEON(&s[0], a/limit, limit, whole)
	}
	if whole < len(s) {
		var rest [8]float32
		copy(rest[:], s[whole:])
		softcapNEON(&rest[0], a/limit, limit, 8)
		copy(s[whole:], rest[:])
	}
}

func addBias(s []float32, a float32, bias []float32) {
	if !useNEON {
		addBiasGeneric(s, a, bias)
		return
	}
	whole := len(s) &^ 7
	if whole > 0 {
		addBiasNEON(&s[0], a, &bias[0], whole)
	}
	if whole < len(s) {
		var rest, restBias [8]float32
		copy(rest[:], s[whole:])
		copy(restBias[:], bias[whole:])
		addBiasNEON(&rest[0], a, &restBias[0], 8)
		copy(s[whole:], rest[:])
	}
}

func addDistance(s []float32, a, slope float32, distance int) {
	if !useNEON {
		addDistanceGeneric(s, a, slope, distance)
		return
	}
	whole := len(s) &^ 7
	if whole > 0 {
		addDistanceNEON(&s[0], a, slope, distance, whole)
	}
	if whole < len(s) {
		var rest [8]float32
		copy(rest[:], s[whole:])
		addDistanceNEON(&rest[0], a, slope, distance-whole, 8)
		copy(s[whole:], rest[:])
	}
}

func hide(s []float32, keep []bool) {
	whole := 0
	if useNEON {
		whole = len(s) &^ 15
	}
	if whole > 0 {
		hideNEON(&s[0], &keep[0], whole)
	}
	hideGeneric(s[whole:], keep[whole:])
}

func hideOthers(s []float32, ids []int32, own int32) {
	whole := 0
	if useNEON {
		whole = len(s) &^ 7
	}
	if whole > 0 {
		hideOthersNEON(&s[0], &ids[0], own, whole)
	}
	hideOthersGeneric(s[whole:], ids[whole:], own)
}
