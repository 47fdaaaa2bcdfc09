package dataset

import "math/bits"

// mix is the finalizer of SplitMix64: a bijection of 64 bits whose output
// passes for random.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// stream is a sequence of numbers that belongs to one row, so that a row can
// be made without those before it.
type stream uint64

func newStream(seed, table, row uint64) stream {
	return stream(mix(mix(seed+table*0x9e3779b97f4a7c15) + row))
}

func (s *stream) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	return mix(uint64(*s))
}

// below returns a number from 0 to n-1.
func (s *stream) below(n uint64) uint64 {
	hi, _ := bits.Mul64(s.next(), n)
	return hi
}

// shuffle is a bijection of the numbers below n: j -> (step*j + start) mod n,
// where step and n have no common factor.
type shuffle struct{ step, start, n uint64 }

func newShuffle(seed, n uint64) shuffle {
	s := newStream(seed, 3, 0)
	step := n/2 + s.below(n/2+1)
	for gcd(step, n) != 1 {
		step++
	}
	return shuffle{step: step, start: s.below(n), n: n}
}

func (p shuffle) at(j uint64) uint64 {
	hi, lo := bits.Mul64(p.step, j)
	lo, carry := bits.Add64(lo, p.start, 0)
	return bits.Rem64(hi+carry, lo, p.n)
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
