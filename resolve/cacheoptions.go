package resolve

import (
	"cmp"
	"fmt"
	"time"
)

// The defaults of [CacheOptions].
const (
	DefaultCacheMaxBytes         = 4 << 20
	DefaultCacheMaxNegativeBytes = 1 << 20
	DefaultCacheMaxTTL           = time.Hour
	DefaultCacheTTLUnknown       = 5 * time.Second
	DefaultCacheMaxNegativeTTL   = 5 * time.Minute
	DefaultCacheNegativeUnknown  = 5 * time.Second
	DefaultCacheMinFailureTTL    = time.Second
	DefaultCacheMaxFailureTTL    = 5 * time.Minute
	DefaultCacheStaleDelay       = 1800 * time.Millisecond // RFC 8767, section 5
	DefaultCacheStaleRecheck     = 30 * time.Second        // RFC 8767, section 5
	DefaultCacheRefreshTimeout   = 10 * time.Second
)

// The fixed bounds of a [Cache].
const (
	// CacheAnswerShare is the part of its bound that one entry may take: an eighth. A larger answer
	// is not stored.
	CacheAnswerShare = 8
	// MaxCacheTypes bounds the entries of one name, which are of different types.
	MaxCacheTypes = 16
	// MaxCacheRefreshes bounds the background queries in flight.
	MaxCacheRefreshes = 1024
	// CacheStaleTTL is the time to live of a stale answer (RFC 8767, section 4).
	CacheStaleTTL = 30 * time.Second
)

// CacheOptions sets the bounds of a [Cache]. Zero fields mean the defaults.
type CacheOptions struct {
	// MaxBytes bounds the memory of positive answers: addresses, records, names and the cache's own
	// overhead of about 500 bytes per question. The count is an estimate, which is at most a
	// quarter above the heap that the entries take.
	MaxBytes int
	// MaxNegativeBytes bounds the memory of negative answers and failures. Made-up names therefore
	// cannot evict positive answers.
	MaxNegativeBytes int

	MinTTL     time.Duration // raises a shorter time to live, except an expired one; 0 by default
	MaxTTL     time.Duration // caps a longer time to live
	TTLUnknown time.Duration // for answers without a time to live

	MaxNegativeTTL     time.Duration // like MaxTTL
	NegativeTTLUnknown time.Duration // like TTLUnknown

	// MinFailureTTL is how long the first failure of a question is stored. Each further failure
	// doubles it, until MaxFailureTTL.
	MinFailureTTL time.Duration
	// MaxFailureTTL bounds the time for which a failure is stored. A question that has not failed
	// for that time after the end of its last failure begins again with MinFailureTTL.
	MaxFailureTTL  time.Duration
	ForgetFailures bool // do not store failures

	// MaxStale is how long after its expiry a positive answer may still be served when no server
	// answers (RFC 8767). Zero serves none.
	MaxStale time.Duration
	// StaleDelay is how long a query for an expired answer waits for a new one. The query gets the
	// stale answer then, and the background query continues.
	StaleDelay time.Duration
	// StaleAtOnce delivers the stale answer without StaleDelay, and asks in the background.
	StaleAtOnce bool
	// StaleRecheck is how long the cache serves a stale answer without asking again after a
	// background query has failed.
	StaleRecheck time.Duration

	// PrefetchHits is the number of hits that makes an answer worth a background query when a tenth
	// of its time to live is left. Zero prefetches nothing.
	PrefetchHits int
	// RefreshTimeout is the deadline of a background query.
	RefreshTimeout time.Duration

	// Generation returns the number of the configuration, which grows with each change of it. A
	// change drops all entries, in constant time. The result of a query that was started before the
	// change is not stored. Nil means that the configuration never changes. Generation is called by
	// every lookup, on any goroutine, and must not call the cache.
	Generation func() uint64

	// Clock returns the time; time.Now if nil. A loop may pass the time of its turn, which saves
	// almost half of the time of a hit. The default follows the monotonic clock: no step of the
	// wall clock matters. On systems whose monotonic clock stops while the machine is suspended,
	// entries live longer by that time. Call [Cache.Flush] after a resume, or pass a clock that
	// does not stop. If a Clock without a monotonic reading steps back, entries live longer by the
	// step.
	Clock func() time.Time
	// AfterFunc calls f after d, like time.AfterFunc, which it is if nil. stop prevents the call.
	AfterFunc func(d time.Duration, f func()) (stop func() bool)
}

// withDefaults returns o with the defaults instead of zeros. A negative field is an error.
func (o CacheOptions) withDefaults() (CacheOptions, error) {
	err := cmp.Or(
		preset("MaxBytes", &o.MaxBytes, DefaultCacheMaxBytes),
		preset("MaxNegativeBytes", &o.MaxNegativeBytes, DefaultCacheMaxNegativeBytes),
		preset("PrefetchHits", &o.PrefetchHits, 0),
		preset("MinTTL", &o.MinTTL, 0),
		preset("MaxTTL", &o.MaxTTL, DefaultCacheMaxTTL),
		preset("TTLUnknown", &o.TTLUnknown, DefaultCacheTTLUnknown),
		preset("MaxNegativeTTL", &o.MaxNegativeTTL, DefaultCacheMaxNegativeTTL),
		preset("NegativeTTLUnknown", &o.NegativeTTLUnknown, DefaultCacheNegativeUnknown),
		preset("MinFailureTTL", &o.MinFailureTTL, DefaultCacheMinFailureTTL),
		preset("MaxFailureTTL", &o.MaxFailureTTL, DefaultCacheMaxFailureTTL),
		preset("MaxStale", &o.MaxStale, 0),
		preset("StaleDelay", &o.StaleDelay, DefaultCacheStaleDelay),
		preset("StaleRecheck", &o.StaleRecheck, DefaultCacheStaleRecheck),
		preset("RefreshTimeout", &o.RefreshTimeout, DefaultCacheRefreshTimeout),
	)
	if o.AfterFunc == nil {
		o.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	return o, err
}

func preset[V int | time.Duration](name string, field *V, value V) error {
	if *field < 0 {
		return fmt.Errorf("resolve: cache: %s %v: want 0 or more", name, *field)
	}
	if *field == 0 {
		*field = value
	}
	return nil
}

// CacheStats holds the counters of a [Cache].
type CacheStats struct {
	Positive, Negative, Failures int // entries, with expired ones that no query has asked for
	Bytes, NegativeBytes         int // memory that counts against MaxBytes and MaxNegativeBytes

	Hits         uint64 // positive answers that had not expired
	NegativeHits uint64
	FailureHits  uint64
	StaleHits    uint64 // queries and Try that got a stale answer
	Misses       uint64 // lookups that the next strategy had to answer

	Prefetches  uint64 // background queries for an answer that was about to expire
	Refreshes   uint64 // background queries for an answer that had expired
	Evictions   uint64 // entries that made room
	Expirations uint64 // entries found expired
	Ignored     uint64 // results that must not be stored
	TooLarge    uint64 // answers beyond their share of the bound
	Flushes     uint64 // changes of the generation, and calls of Flush

	EvictedAge time.Duration // how long the entry that was evicted last had been stored
}
