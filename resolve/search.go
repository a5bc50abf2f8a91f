package resolve

import (
	"errors"
	"strings"
)

// MaxSearchSuffixes bounds the suffixes of a [Search] that are tried: the first. Kubernetes has the
// same bound.
const MaxSearchSuffixes = 32

// Search is the search list of a [Host]: suffixes that complete a relative name. Its rules are
// those of the GNU C library (resolv.conf(5)), with one exception, below.
//
// A name with at least Ndots dots is tried as it is, then with each suffix. A name with fewer dots
// is tried with each suffix, then as it is. The first absolute name with an address answers, for
// both families: addresses of different names are never mixed. A suffix that makes the name longer
// than [MaxNameBytes] is skipped.
//
// The list is not used for a name with a final dot, for IP literals, and for special names:
// localhost, and names below localhost, invalid, onion, alt, local, test and home.arpa. They are
// tried as they are.
//
// The exception concerns failures that leave open whether an absolute name has an address. They end
// the search, because with a later suffix the name could mean another host. With Lax, [ErrServFail]
// does not end it, as in the C library. In both cases, it does not end the search if a name without
// dots was tried as it is: many servers refuse such names. A timeout always ends the search.
//
// If no absolute name has an address, the error is the first of these that applies: a failure that
// leaves open whether there are addresses, [ErrNoData], [ErrNotFound].
type Search struct {
	Suffixes   []Name // of at most [MaxSearchSuffixes]; the root "." is the name as it is
	Ndots      int    // 1 is usual
	NoTLDQuery bool   // do not try a name without dots as it is after the suffixes
	Lax        bool   // continue after ErrServFail
}

// searchWalk goes through the absolute names of one relative name.
type searchWalk struct {
	search Search
	name   Name // as it is
	suffix int  // index of the next suffix
	asIs   bool // the name as it is was tried
	last   Name // the absolute name tried last
	worst  error
}

// newSearchWalk returns the walk for a name. text is the name as the caller wrote it.
func newSearchWalk(s Search, text string, name Name) searchWalk {
	s.Suffixes = s.Suffixes[:min(len(s.Suffixes), MaxSearchSuffixes)]
	if isAbsolute(text, name) {
		s.Suffixes = nil
	}
	return searchWalk{search: s, name: name}
}

// isAbsolute reports whether no suffix may complete the name.
func isAbsolute(text string, name Name) bool {
	if _, literal := name.Addr(); literal || strings.HasSuffix(text, ".") || name.text == "localhost" {
		return true
	}
	// Only names below these are special. A machine may be called "test".
	for _, domain := range [...]string{".localhost", ".invalid", ".onion", ".alt", ".local", ".test", ".home.arpa"} {
		if strings.HasSuffix(name.text, domain) {
			return true
		}
	}
	return false
}

// next returns the next absolute name, if there is one.
func (w *searchWalk) next() (Name, bool) {
	dots := strings.Count(w.name.text, ".")
	first := w.last.IsZero()
	if first && (len(w.search.Suffixes) == 0 || dots >= w.search.Ndots) {
		return w.tryAsIs()
	}
	for w.suffix < len(w.search.Suffixes) {
		s := w.search.Suffixes[w.suffix]
		w.suffix++
		switch _, literal := s.Addr(); {
		case s.IsZero(), literal:
		case s.text == ".":
			if !w.asIs {
				return w.tryAsIs()
			}
		case len(w.name.text)+1+len(s.text) <= MaxNameBytes:
			w.last = Name{text: w.name.text + "." + s.text}
			return w.last, true
		}
	}
	if w.asIs || !first && dots == 0 && w.search.NoTLDQuery {
		return Name{}, false
	}
	return w.tryAsIs()
}

func (w *searchWalk) tryAsIs() (Name, bool) {
	w.asIs, w.last = true, w.name
	return w.name, true
}

// failed takes the result of the last absolute name, and returns whether to try the next.
func (w *searchWalk) failed(err error) bool {
	asIs := w.last == w.name
	// Of equal errors, the caller gets the one about the name that it wrote.
	if w.worst == nil || severity(err) > severity(w.worst) || asIs && severity(err) == severity(w.worst) {
		w.worst = err
	}
	if isNegative(err) {
		return true
	}
	return errors.Is(err, ErrServFail) && (w.search.Lax || asIs && !strings.Contains(w.name.text, "."))
}
