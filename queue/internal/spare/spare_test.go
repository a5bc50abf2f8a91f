package spare

import "testing"

func TestAPartIsEmptyAndReused(t *testing.T) {
	var parts Parts[[2]int]
	i, part := parts.Take()
	part[1] = 7
	j, other := parts.Take()
	if i == j || part == other || parts.At(i) != part || parts.At(j) != other {
		t.Fatalf("got parts %d and %d, want two, each at its number", i, j)
	}
	parts.Give(i)
	if k, again := parts.Take(); k != i || again != part || *again != [2]int{} {
		t.Errorf("got part %d with %v, want part %d again, empty", k, *again, i)
	}
	if n := testing.AllocsPerRun(100, func() {
		k, _ := parts.Take()
		parts.Give(k)
	}); n != 0 {
		t.Errorf("got %v allocations per part, want 0", n)
	}
}

func TestUnusedPartsAreBounded(t *testing.T) {
	var parts Parts[int]
	var numbers []uint32
	for range Kept + 5 {
		i, _ := parts.Take()
		numbers = append(numbers, i)
	}
	for _, i := range numbers {
		parts.Give(i)
	}
	if n := len(parts.spare); n != Kept {
		t.Errorf("got %d unused parts, want %d", n, Kept)
	}
	for range numbers {
		parts.Take()
	}
	if n := len(parts.used); n != Kept+5 {
		t.Errorf("got %d numbers, want the %d of before again", n, Kept+5)
	}
}
