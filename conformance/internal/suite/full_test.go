package suite

import "testing"

func TestCombinationsCoverEveryPair(t *testing.T) {
	sizes := []int{3, 3, 4, 2}
	rows := pairwise(product(sizes), sizes)
	if len(product(sizes)) != 72 || len(rows) > 16 {
		t.Errorf("got %d of %d combinations, want at most 16 of 72", len(rows), len(product(sizes)))
	}
	for i := range sizes {
		for j := range i {
			seen := map[[2]int]bool{}
			for _, r := range rows {
				seen[[2]int{r[i], r[j]}] = true
			}
			if len(seen) != sizes[i]*sizes[j] {
				t.Errorf("axes %d and %d: %d pairs of %d", i, j, len(seen), sizes[i]*sizes[j])
			}
		}
	}
}
