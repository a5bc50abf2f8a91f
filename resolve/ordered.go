package resolve

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// SortMX sorts exchangers in place, lowest preference first. Equal ones get a random order, which
// spreads the load (RFC 5321, section 5.1).
func SortMX(exchangers []MX, random *rand.Rand) {
	random.Shuffle(len(exchangers), func(i, j int) { exchangers[i], exchangers[j] = exchangers[j], exchangers[i] })
	slices.SortStableFunc(exchangers, func(a, b MX) int { return cmp.Compare(a.Preference, b.Preference) })
}

// zeroWeight is the share of a target of weight 0, in which one of weight 1 has weightUnit. RFC
// 2782 wants a very small chance.
const zeroWeight, weightUnit = 1, 256

// SortSRV sorts targets in place, lowest priority first. Of equal ones, each comes first with a
// probability that is proportional to its weight (RFC 2782). It takes quadratic time in the number
// of targets of one priority.
func SortSRV(targets []SRV, random *rand.Rand) {
	slices.SortStableFunc(targets, func(a, b SRV) int { return cmp.Compare(a.Priority, b.Priority) })
	for len(targets) > 0 {
		n := 1
		for n < len(targets) && targets[n].Priority == targets[0].Priority {
			n++
		}
		shuffleByWeight(targets[:n], random)
		targets = targets[n:]
	}
}

func shuffleByWeight(targets []SRV, random *rand.Rand) {
	// The algorithm of RFC 2782 draws from 0 to the sum, both included, which favors the first
	// target of small weights: of two with weight 1, by two to one.
	var sum uint64
	for _, t := range targets {
		sum += share(t)
	}
	for ; len(targets) > 1; targets = targets[1:] {
		draw := random.Uint64N(sum)
		i := 0
		for ; draw >= share(targets[i]); i++ {
			draw -= share(targets[i])
		}
		sum -= share(targets[i])
		targets[0], targets[i] = targets[i], targets[0]
	}
}

func share(t SRV) uint64 { return max(uint64(t.Weight)*weightUnit, zeroWeight) }
