package transfer

import (
	"math"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/stretchr/testify/require"
)

// An idle stream costs its record, and the Stream that its owner keeps.
func TestAnIdleStreamIsSmall(t *testing.T) {
	require.LessOrEqual(t, int(unsafe.Sizeof(record{})), 32, "record")
	require.LessOrEqual(t, int(unsafe.Sizeof(Stream{})), 16, "Stream")
	const header = 8 // of memory with pointers in the Go runtime
	require.LessOrEqual(t, int(unsafe.Sizeof(page{}))+header, 2<<10, "page")
}

func TestARecordIsUsedAgainForAnotherStream(t *testing.T) {
	transfers := &Transfers{empty: activity{first: none, last: none}}
	var streams []Stream
	for i := range 2*recordsPerPage + 1 {
		s := transfers.put(5, queue.Token(i))
		streams = append(streams, s)
		require.Equal(t, s, transfers.find(s.opToken()), "stream %d", i)
		require.Equal(t, queue.Token(i), s.live().token)
	}
	require.Len(t, transfers.pages, 3)

	old := streams[70]
	transfers.drop(&old)
	require.Nil(t, old.live())
	require.Nil(t, transfers.find(old.opToken()).page)
	next := transfers.put(5, 7)
	require.Equal(t, old.index, next.index)
	require.Nil(t, old.live(), "it is the other stream's record")
	require.Nil(t, transfers.find(old.opToken()).page)
	require.NotNil(t, next.live())

	next.record().generation = math.MaxUint32
	next.generation = math.MaxUint32
	transfers.drop(&next)
	require.Nil(t, next.live())
	require.NotEqual(t, next.index, transfers.put(5, 7).index, "its generations are used up")

	// An index between two pages, and one after the last page, are of no stream.
	for _, i := range []queue.Token{recordsPerPage, 3 * indicesPerPage} {
		require.Nil(t, transfers.find(Mark|i).page, "index %d", i)
	}
}

func TestOnlyABusyStreamHasAnActivity(t *testing.T) {
	transfers := &Transfers{empty: activity{first: none, last: none}}
	s := transfers.put(5, 7)
	r := s.record()
	*transfers.receive(r) = 99
	a := transfers.activate(r)
	require.Same(t, a, transfers.activate(r))
	require.Equal(t, queue.OpID(99), *transfers.receive(r))
	for name, set := range map[string]func(on bool){
		"send":    func(on bool) { a.send = id(on) },
		"room":    func(on bool) { a.room = id(on) },
		"linger":  func(on bool) { a.linger = id(on) },
		"first":   func(on bool) { a.first = int32(id(on)) - 1 },
		"sending": func(on bool) { a.sending = bytes(on) },
		"pending": func(on bool) { a.pending = bytes(on) },
		"readErr": func(on bool) { a.readErr = -int32(id(on)) },
		"sendErr": func(on bool) { a.sendErr = -int32(id(on)) },
	} {
		set(true)
		transfers.rest(r)
		require.True(t, r.is(active), "with %s", name)
		set(false)
	}
	*transfers.receive(r) = 100
	transfers.rest(r)
	require.False(t, r.is(active))
	require.Equal(t, queue.OpID(100), *transfers.receive(r))
	require.Equal(t, activity{}, *a, "it is empty for the next stream")
}

func id(on bool) queue.OpID {
	if on {
		return 1
	}
	return 0
}

func bytes(on bool) []byte {
	if on {
		return make([]byte, 1)
	}
	return nil
}
