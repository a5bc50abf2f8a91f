package table

import (
	"errors"
	"math"
	"reflect"
	"syscall"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// extra stands for what a mechanism adds.
type extra struct {
	a int32
	b uint8
}

// add registers h, which must not be registered.
func add[X any](t testing.TB, table *Table[X], h sys.Handle, r queue.Registration) *Slot[X] {
	t.Helper()
	next, err := table.Fresh(h, r)
	require.NoErrorf(t, err, "Fresh(%v)", h)
	table.Put(h, next)
	return table.Of(h)
}

func TestAGenerationEndsWithModifyAndDelete(t *testing.T) {
	var table Table[struct{}]
	const h = 5
	r := queue.Registration{Token: 1, Interest: queue.Both}
	s := add(t, &table, h, r)
	seen := map[uint32]bool{}
	for _, change := range []func(){
		func() { *s = s.Renewed(r) },
		func() { s.End(); add(t, &table, h, r) },
		func() { s.End(); add(t, &table, h, r); *s = s.Renewed(r) },
	} {
		old := s.Generation
		if table.Current(h, uint64(old)) != s {
			t.Errorf("generation %d is not current before the change", old)
		}
		if seen[old] {
			t.Errorf("generation %d comes twice", old)
		}
		seen[old] = true
		change()
		if table.Current(h, uint64(old)) != nil || table.Current(h, uint64(s.Generation)) != s {
			t.Errorf("after the change, generation %d is current, want only %d", old, s.Generation)
		}
	}
	last := s.Generation
	s.End()
	for _, g := range []uint32{last, s.Generation} {
		if table.Current(h, uint64(g)) != nil {
			t.Errorf("generation %d of an ended registration is current", g)
		}
	}
}

func TestAGenerationWrapsToZero(t *testing.T) {
	var table Table[struct{}]
	r := queue.Registration{Token: 1}
	s := add(t, &table, 0, r)
	for _, next := range []func(){func() { *s = s.Renewed(r) }, func() { s.End(); add(t, &table, 0, r) }} {
		s.Generation = math.MaxUint32
		next()
		if s.Generation != 0 || table.Current(0, 0) != s {
			t.Errorf("generation %d follows the greatest, want 0", s.Generation)
		}
		if table.Current(0, math.MaxUint32) != nil || table.Current(0, 1<<32) != nil {
			t.Error("a generation that is stale or too large is current")
		}
	}
}

func TestNumbersOutsideTheTableAreNotRegistered(t *testing.T) {
	var table Table[extra]
	r := queue.Registration{Token: 1, Interest: queue.Readable}
	add(t, &table, 3, r)
	for _, h := range []sys.Handle{0, 2, 4, math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32, sys.Invalid} {
		if table.Of(h) != nil || table.Current(h, 0) != nil {
			t.Errorf("handle %v has a slot, want none", h)
		}
		if s, err := table.Find(h); s != nil || err != queue.ErrNotFound {
			t.Errorf("Find(%v): got %v, %v; want ErrNotFound", h, s, err)
		}
	}
	for _, h := range []sys.Handle{math.MaxInt32 + 1, math.MaxUint32, sys.Invalid} {
		if _, err := table.Fresh(h, r); err != syscall.EBADF {
			t.Errorf("Fresh(%v): got error %v, want EBADF", h, err)
		}
	}
	if _, err := table.Fresh(3, r); err != queue.ErrExists {
		t.Errorf("Fresh of a registered handle: got error %v, want ErrExists", err)
	}
	if _, err := table.Fresh(math.MaxInt32, r); err != nil || table.Len() != 4 {
		t.Errorf("Fresh: got error %v and %d slots; want nil and the table unchanged", err, table.Len())
	}
}

func TestWhatTheMechanismAddsOutlivesTheRegistration(t *testing.T) {
	var table Table[extra]
	s := add(t, &table, 1, queue.Registration{Token: 7, Interest: queue.Both, Mode: queue.Edge})
	s.Extra, s.Flags = extra{1, 2}, 3
	s.End()
	if s.Token != 0 || s.Armed != queue.None || s.Mode != queue.Level {
		t.Errorf("after End: got %+v, want no registration", *s)
	}
	for range 2 {
		if s.Extra != (extra{1, 2}) || s.Flags != 3 {
			t.Errorf("got %+v, want Extra and Flags unchanged", *s)
		}
		s = add(t, &table, 1, queue.Registration{Token: 8})
		*s = s.Renewed(queue.Registration{Token: 9, Interest: queue.Writable})
		if s.Token != 9 || s.Armed != queue.Writable {
			t.Errorf("after Renewed: got %+v, want token 9, writable", *s)
		}
		s.End()
	}
}

func TestPagesThatAreLeftAreFreed(t *testing.T) {
	var table Table[extra]
	r := queue.Registration{Token: 1, Interest: queue.Both}
	const handles = (vacantMax + 2) * slotsPerPage
	generations := map[sys.Handle]uint32{}
	for round := range 3 {
		for h := range sys.Handle(handles) {
			if g, ok := generations[h]; ok && table.Current(h, uint64(g)) != nil {
				t.Fatalf("round %d, handle %v: generation %d is current before the registration", round, h, g)
			}
			s := add(t, &table, h, r)
			if g, ok := generations[h]; ok && s.Generation == g {
				t.Fatalf("round %d, handle %v: generation %d comes twice", round, h, g)
			}
			generations[h] = s.Generation
			table.Leave(h) // has no effect on a registration
			if table.Of(h) != s || table.Current(h, uint64(s.Generation)) != s {
				t.Fatalf("round %d, handle %v: not registered after Leave", round, h)
			}
		}
		if n := table.Used(); n != handles {
			t.Errorf("round %d: got %d slots in use, want %d", round, n, handles)
		}
		for h := range sys.Handle(handles) {
			table.Of(h).End()
			table.Leave(h)
			table.Leave(h) // has no effect on a slot that was left
		}
		pages := 0
		for i := range table.pages {
			if table.pages[i].slots != nil {
				pages++
			}
		}
		if n := table.Used(); n != 0 || pages > vacantMax || pages != table.vacant {
			t.Errorf("round %d: got %d slots in use and %d pages, of which %d are vacant; want none in use, at most %d pages, all vacant",
				round, n, pages, table.vacant, vacantMax)
		}
	}
	if table.Len() != handles {
		t.Errorf("got Len %d, want %d", table.Len(), handles)
	}
}

func TestHandlesThatComeAndGoAllocateNothing(t *testing.T) {
	var table Table[extra]
	if n := testing.AllocsPerRun(100, func() {
		for h := sys.Handle(0); h < vacantMax*slotsPerPage; h += slotsPerPage {
			next, err := table.Fresh(h, queue.Registration{Token: 1})
			if err != nil {
				t.Fatal(err)
			}
			table.Put(h, next)
			table.Of(h).End()
			table.Leave(h)
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func TestAReportDisarmsOnlyInModeOneShot(t *testing.T) {
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		var table Table[struct{}]
		s := add(t, &table, 0, queue.Registration{Token: 1, Interest: queue.Both, Mode: mode})
		for _, want := range []queue.Interest{queue.Readable, queue.Writable} {
			e, ok := s.Report(queue.Ready(want) | queue.ReadyError)
			if !ok || e.Token != 1 || e.Ready != queue.Ready(want)|queue.ReadyError {
				t.Errorf("%v: got %+v, %v; want %v with the error", mode, e, ok, want)
			}
			if disarmed := mode == queue.OneShot; (e.Disarmed == want) != disarmed || s.Armed.Has(want) == disarmed {
				t.Errorf("%v: disarmed %v, still armed %v", mode, e.Disarmed, s.Armed)
			}
		}
		if _, ok := s.Report(queue.Ready(queue.Both)); ok == (mode == queue.OneShot) {
			t.Errorf("%v: second report: got %v", mode, ok)
		}
		if e, ok := s.Report(queue.ReadyHangUp | queue.ReadyError); ok {
			t.Errorf("%v: got event %+v without a direction, want none", mode, e)
		}
	}
}

func TestDataNamesHandleAndGeneration(t *testing.T) {
	for _, h := range []sys.Handle{0, 1, math.MaxInt32} {
		for _, g := range []uint32{0, 1, math.MaxUint32} {
			if d := Data(h, g); HandleOf(d) != h || GenerationOf(d) != g {
				t.Errorf("Data(%v, %d) names %v and %d", h, g, HandleOf(d), GenerationOf(d))
			}
		}
	}
}

// The packages of the mechanisms document these sizes.
func TestASlotIsSmallAndHasNoPointer(t *testing.T) {
	if n := unsafe.Sizeof(Slot[struct{}]{}); n != 16 {
		t.Errorf("a slot without extra takes %d bytes, want 16", n)
	}
	if n := unsafe.Sizeof(Slot[extra]{}); n != 24 {
		t.Errorf("a slot with up to 8 bytes of extra takes %d bytes, want 24", n)
	}
	var pointers func(reflect.Type) bool
	pointers = func(of reflect.Type) bool {
		switch of.Kind() {
		case reflect.Struct:
			for i := range of.NumField() {
				if pointers(of.Field(i).Type) {
					return true
				}
			}
			return false
		case reflect.Bool, reflect.Int32, reflect.Uint8, reflect.Uint32, reflect.Uint64:
			return false
		}
		return true
	}
	if pointers(reflect.TypeFor[Slot[extra]]()) {
		t.Error("a slot has a pointer, which the garbage collector would follow")
	}
}

// FuzzTable makes any sequence of changes and compares the table with a map.
func FuzzTable(f *testing.F) {
	f.Add([]byte{0x00, 0x10, 0x20, 0x00})
	f.Add([]byte{0x01, 0x11, 0x31, 0x21, 0x01, 0x31})
	f.Add([]byte{0x0f, 0x2f, 0x0f, 0x2f, 0x0f, 0x1f, 0x30})
	f.Add([]byte{0x02, 0x12, 0x22, 0x22, 0x12})
	f.Add([]byte{0x0f, 0x2f, 0x3f, 0x0f, 0x1f, 0x2f, 0x3f, 0x0f})
	f.Fuzz(func(t *testing.T, script []byte) {
		var table Table[extra]
		type registration struct {
			token      queue.Token
			generation uint32
		}
		const spread = 9 // the handles are in several pages
		live, ended := map[sys.Handle]registration{}, map[sys.Handle][]uint32{}
		for i, c := range script[:min(len(script), 1<<10)] {
			h, token := sys.Handle(c&15)*spread, queue.Token(i)
			old, registered := live[h]
			s, err := table.Find(h)
			if registered != (err == nil) || !registered && !errors.Is(err, queue.ErrNotFound) {
				t.Fatalf("step %d: Find(%v): %v, registered %v", i, h, err, registered)
			}
			switch c >> 4 & 3 {
			case 0: // add
				next, err := table.Fresh(h, queue.Registration{Token: token, Interest: queue.Both})
				if registered != errors.Is(err, queue.ErrExists) {
					t.Fatalf("step %d: Fresh(%v): %v, registered %v", i, h, err, registered)
				}
				if err == nil {
					table.Put(h, next)
					live[h] = registration{token, next.Generation}
				}
			case 1: // modify
				if registered {
					*s = s.Renewed(queue.Registration{Token: token, Interest: queue.Both})
					ended[h] = append(ended[h], old.generation)
					live[h] = registration{token, s.Generation}
				}
			case 2: // delete
				if registered {
					s.End()
					ended[h] = append(ended[h], old.generation)
					delete(live, h)
				}
			case 3: // free what has ended
				table.Leave(h)
				table.sweep()
			}
			for h := sys.Handle(0); h <= 16*spread; h += spread {
				for _, g := range ended[h] {
					if table.Current(h, uint64(g)) != nil {
						t.Fatalf("step %d: handle %v: stale generation %d is current", i, h, g)
					}
				}
				if r, ok := live[h]; ok {
					if s := table.Current(h, uint64(r.generation)); s == nil || s.Token != r.token {
						t.Fatalf("step %d: handle %v: got %+v, want token %d", i, h, s, r.token)
					}
				}
			}
		}
	})
}
