package message_test

import (
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/buftest"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// fuzzFinder lets the fuzzer choose the strategy, the bounds, the start position, the data and its
// pieces.
func fuzzFinder(f *testing.F, make func(most int, mode uint8, delim []byte) (message.Finder, reference)) {
	for i, data := range []string{
		"line\nline\r\n\r\r\n\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest", "a: b\n\n\r\n", "\x03abc\x00\x01x\x00\x00\x00\x02yy",
		"\x83\x80\x00abc\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "aab;aaab;;ab",
	} {
		f.Add(uint8(i), uint16(40*i), uint16(7*i), uint16(i), uint8(i), []byte("ab"), []byte(data), []byte{1, 2, 3})
	}
	f.Fuzz(func(t *testing.T, strategy uint8, limit, at, most uint16, mode uint8, delim, data, pieces []byte) {
		b := buftest.Place(t, buftest.FuzzNames[int(strategy)%len(buftest.FuzzNames)], 1+int(limit)%1500, int(at))
		finder, want := make(int(most)%2000, mode, delim)
		if finder == nil {
			return
		}
		i := 0
		checkFinder(t, b, finder, want, int(most)%2000, data, func() int {
			if len(pieces) == 0 {
				return 1
			}
			i++
			return int(pieces[i%len(pieces)])
		})
	})
}

func FuzzLines(f *testing.F) {
	fuzzFinder(f, func(most int, _ uint8, _ []byte) (message.Finder, reference) {
		return &message.Lines{Max: most}, lineReference
	})
}

func FuzzHeads(f *testing.F) {
	fuzzFinder(f, func(most int, _ uint8, _ []byte) (message.Finder, reference) {
		return &message.Heads{Max: most}, headReference
	})
}

func FuzzDelimited(f *testing.F) {
	fuzzFinder(f, func(most int, _ uint8, delim []byte) (message.Finder, reference) {
		if len(delim) == 0 {
			return nil, nil
		}
		return &message.Delimited{Delim: delim, Max: most}, delimReference(delim)
	})
}

func FuzzFrames(f *testing.F) {
	fuzzFinder(f, func(most int, mode uint8, _ []byte) (message.Finder, reference) {
		frames := message.Frames{Width: int(mode % 9), LittleEndian: mode&64 != 0, Inclusive: mode&128 != 0, Max: most}
		return &frames, frameReference(frames)
	})
}
