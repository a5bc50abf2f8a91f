package apptest

import (
	"slices"
	"testing"
)

func TestEveryTwoValuesMeet(t *testing.T) {
	lists := [][]string{{"a", "b"}, {"1", "2", "3"}, {"x", "y", "z"}, {"p", "q", "r", "s", "t"}}
	for _, valid := range []func([]string) bool{nil, func(row []string) bool { return row[0] != "b" || row[3] != "t" }} {
		rows := Combinations(valid, lists...)
		met := map[pairOf]bool{}
		for _, row := range rows {
			if valid != nil && !valid(row) {
				t.Errorf("%v is not valid", row)
			}
			for _, p := range pairs(row) {
				met[p] = true
			}
		}
		for i, as := range lists {
			for j, bs := range lists[:i] {
				for _, a := range as {
					for _, b := range bs {
						if met[pairOf{i, j, a, b}] == (valid != nil && slices.Equal([]string{b, a}, []string{"b", "t"})) {
							t.Errorf("%s and %s: met: %v", a, b, met[pairOf{i, j, a, b}])
						}
					}
				}
			}
		}
		if want := 20; len(rows) > want && !Full() {
			t.Errorf("got %d rows, want at most %d of 90", len(rows), want)
		}
	}
	if got := Combinations(nil, []string{"a", "b"}); len(got) != 2 {
		t.Errorf("got %v of one list, want each of its values", got)
	}
}
