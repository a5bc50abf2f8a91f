package resolve

// MaxPoolNames bounds the names whose speed a [Pool] remembers.
const MaxPoolNames = 4096

// speed is how fast the lookups of a name are.
type speed uint8

const (
	speedFast speed = iota
	speedUnknown
	speedSlow
	speedsMax
)

// lanes are the queues of a Pool, one per speed, and what may run of each. Guarded by Pool.mu.
type lanes struct {
	queues  [speedsMax]queryList
	running [speedsMax]int
	slowMax int   // slow lookups that may run
	restMax int   // slow and unknown lookups that may run
	last    speed // the lane that the last query came from
}

func newLanes(workers int) lanes {
	// As in libuv, slow work gets at most half of the workers, rounded up.
	return lanes{slowMax: (workers + 1) / 2, restMax: max(workers-1, 1)}
}

func (l *lanes) queued() int { return l.queues[speedFast].n + l.others() }

// others returns how many queries wait in the lanes of slow and unknown names.
func (l *lanes) others() int { return l.queues[speedUnknown].n + l.queues[speedSlow].n }

func (l *lanes) push(q *Query, of speed) { l.queues[of].pushBack(q) }

func (l *lanes) remove(q *Query) {
	for i := range l.queues {
		l.queues[i].remove(q)
	}
}

// admits reports whether a lookup of that speed may run.
func (l *lanes) admits(of speed) bool {
	switch of {
	case speedSlow:
		return l.running[speedSlow] < l.slowMax && l.running[speedSlow]+l.running[speedUnknown] < l.restMax
	case speedUnknown:
		return l.running[speedSlow]+l.running[speedUnknown] < l.restMax
	default:
		return true
	}
}

// pop removes the next query that may run, or returns nil. The lanes take turns. If the speed of a
// name has changed while its query was queued, the query moves to a lane that does not admit it.
func (l *lanes) pop(speedOf func(*Query) speed) *Query {
	for i := range speedsMax {
		lane := (l.last + 1 + i) % speedsMax
		for l.admits(lane) && l.queues[lane].n > 0 {
			q := l.queues[lane].popFront()
			if now := speedOf(q); !l.admits(now) {
				l.queues[now].pushBack(q)
				continue
			}
			l.last = lane
			return q
		}
	}
	return nil
}

// clear empties the lanes and returns their queries.
func (l *lanes) clear() (all []*Query) {
	for i := range l.queues {
		for q := l.queues[i].popFront(); q != nil; q = l.queues[i].popFront() {
			all = append(all, q)
		}
	}
	return all
}

// speeds remembers the speeds of names. At its bound it forgets the name that came first.
type speeds struct {
	known map[Name]speed
	names []Name // a ring, in the order of arrival
	next  int
}

func (s *speeds) of(name Name) speed {
	if v, ok := s.known[name]; ok {
		return v
	}
	return speedUnknown
}

func (s *speeds) note(name Name, v speed) {
	if s.known == nil {
		s.known = map[Name]speed{}
	}
	if _, ok := s.known[name]; !ok {
		if len(s.names) < MaxPoolNames {
			s.names = append(s.names, name)
		} else {
			delete(s.known, s.names[s.next])
			s.names[s.next] = name
			s.next = (s.next + 1) % MaxPoolNames
		}
	}
	s.known[name] = v
}
