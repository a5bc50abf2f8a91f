package sys

import (
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/windows"
)

func TestTheBaseIsAskedForBeforeTheLayerBelow(t *testing.T) {
	type question struct {
		h    Handle
		code uint32
	}
	refused := windows.WSAEOPNOTSUPP
	for name, c := range map[string]struct {
		answers map[question]Handle
		base    Handle
		err     error
		asked   []uint32
	}{
		"no layer":             {map[question]Handle{{4, sioBaseHandle}: 4}, 4, nil, []uint32{sioBaseHandle}},
		"a layer that behaves": {map[question]Handle{{4, sioBaseHandle}: 8}, 8, nil, []uint32{sioBaseHandle}},
		"a layer that answers select": {map[question]Handle{{4, sioBSPHandleSelect}: 8, {8, sioBaseHandle}: 8}, 8, nil,
			[]uint32{sioBaseHandle, sioBSPHandleSelect, sioBaseHandle}},
		"a layer that answers poll": {map[question]Handle{{4, sioBSPHandleSelect}: 4, {4, sioBSPHandlePoll}: 8, {8, sioBaseHandle}: 12}, 12, nil,
			[]uint32{sioBaseHandle, sioBSPHandleSelect, sioBSPHandlePoll, sioBaseHandle}},
		"no answer": {nil, Invalid, refused, []uint32{sioBaseHandle, sioBSPHandleSelect, sioBSPHandlePoll}},
		"layers in a circle": {map[question]Handle{{4, sioBSPHandleSelect}: 8, {8, sioBSPHandleSelect}: 4}, Invalid, refused,
			slices.Repeat([]uint32{sioBaseHandle, sioBSPHandleSelect}, layersMax)},
	} {
		var asked []uint32
		base, err := baseSocket(4, func(h Handle, code uint32) (Handle, error) {
			asked = append(asked, code)
			if below, ok := c.answers[question{h, code}]; ok {
				return below, nil
			}
			return Invalid, refused
		})
		if base != c.base || !errors.Is(err, c.err) || !slices.Equal(asked, c.asked) {
			t.Errorf("%s: got %v, %v, asked %x", name, base, err, asked)
		}
	}
	asked := 0
	if _, err := baseSocket(4, func(Handle, uint32) (Handle, error) {
		asked++
		return Invalid, windows.WSAENOTSOCK
	}); err != windows.WSAENOTSOCK || asked != 1 {
		t.Errorf("not a socket: got %v after %d requests, want WSAENOTSOCK after 1", err, asked)
	}
}
