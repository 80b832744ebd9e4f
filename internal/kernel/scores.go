package kernel

import "math"

// Fill sets all of s to x.
func Fill(s []float32, x float32) { fill(s, x) }

func fillGeneric(s []float32, x float32) {
	for j := range s {
		s[j] = x
	}
}

// Softcap computes s[j] = limit·tanh(a·s[j]/limit) for limit > 0, to 5e-7 of its value.
func Softcap(s []float32, a, limit float32) {
	// The vector kernels multiply by a/limit, which has to have all its digits.
	if k := math.Abs(float64(a / limit)); k < 0x1p-126 || k > math.MaxFloat32 {
		softcapGeneric(s, a, limit)
		return
	}
	softcap(s, a, limit)
}

func softcapGeneric(s []float32, a, limit float32) {
	for j, x := range s {
		s[j] = float32(float64(limit) * math.Tanh(float64(a)*float64(x)/float64(limit)))
	}
}

// AddBias computes s[j] = a·s[j] + bias[j], and −Inf where bias[j] is −Inf, whatever s[j] is.
func AddBias(s []float32, a float32, bias []float32) { addBias(s, a, bias[:len(s)]) }

func addBiasGeneric(s []float32, a float32, bias []float32) {
	for j, x := range bias {
		if math.IsInf(float64(x), -1) {
			s[j] = x
		} else {
			s[j] = a*s[j] + x
		}
	}
}

// AddDistance computes s[j] = a·s[j] + slope·|distance − j|.
func AddDistance(s []float32, a, slope float32, distance int) {
	// The vector kernels count in int32.
	if distance < math.MinInt32+len(s) || distance > math.MaxInt32 {
		addDistanceGeneric(s, a, slope, distance)
		return
	}
	addDistance(s, a, slope, distance)
}

func addDistanceGeneric(s []float32, a, slope float32, distance int) {
	for j := range s {
		d := distance - j
		if d < 0 {
			d = -d
		}
		s[j] = a*s[j] + slope*float32(d)
	}
}

// Hide computes s[j] = −Inf where keep[j] is false.
func Hide(s []float32, keep []bool) { hide(s, keep[:len(s)]) }

func hideGeneric(s []float32, keep []bool) {
	for j, kept := range keep {
		if !kept {
			s[j] = negativeInf
		}
	}
}

// HideOthers computes s[j] = −Inf where ids[j] isn't own.
func HideOthers(s []float32, ids []int32, own int32) { hideOthers(s, ids[:len(s)], own) }

func hideOthersGeneric(s []float32, ids []int32, own int32) {
	for j, id := range ids {
		if id != own {
			s[j] = negativeInf
		}
	}
}

var negativeInf = float32(math.Inf(-1))
