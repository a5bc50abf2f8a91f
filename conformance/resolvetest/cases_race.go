package resolvetest

import "github.com/edgewise-go/edgewise/resolve"

func (p Fixture) race(t T) *decorated {
	t.Helper()
	return decorate(t, func(first, second resolve.Strategy) (resolve.Strategy, error) { return p.Race(first, second) })
}

func raceCases() []Case {
	one := a("one.example")
	return []Case{
		{ID: "race/first-wins", Doc: "resolve.Race", Rule: "Every strategy is asked at once. The first answer completes the query, and the others are canceled.", Needs: needs(Race),
			Run: func(t T, p Fixture) {
				f := p.race(t)
				c := f.start(one)
				f.first.asked(1, "a query")
				f.second.asked(1, "a query")
				f.second.finish(0, answer(one, "192.0.2.2"), nil)
				f.first.finish(0, answer(one, "192.0.2.1"), nil)
				f.owner.await(c)
				f.owner.once(c)
				c.holds("192.0.2.2")
				if f.first.stops() != 1 {
					t.Errorf("the other strategy: got %d questions stopped, want 1", f.first.stops())
				}
			}},
		{ID: "race/negative", Doc: "resolve.Race", Rule: "A negative answer wins too.", Needs: needs(Race), Run: func(t T, p Fixture) {
			f := p.race(t)
			c := f.start(one)
			f.second.finish(0, resolve.Answer{}, failure(one, resolve.ErrNotFound))
			f.owner.await(c)
			c.fails(resolve.ErrNotFound)
		}},
		{ID: "race/failure-waits", Doc: "resolve.Race", Rule: "A failure does not end the query while another strategy may answer.", Needs: needs(Race), Run: func(t T, p Fixture) {
			f := p.race(t)
			c := f.start(one)
			f.first.finish(0, resolve.Answer{}, failure(one, resolve.ErrServFail))
			if f.second.stops() != 0 {
				t.Errorf("the other strategy: got %d questions stopped, want 0", f.second.stops())
			}
			f.second.finish(0, answer(one, "192.0.2.2"), nil)
			f.owner.await(c)
			c.holds("192.0.2.2")
		}},
		{ID: "race/all-fail", Doc: "resolve.Race", Rule: "If every strategy fails, the query gets the failure of the first in their order, whichever failed first.", Needs: needs(Race),
			Run: func(t T, p Fixture) {
				for _, order := range [][2]int{{0, 1}, {1, 0}} {
					f := p.race(t)
					c := f.start(one)
					for _, i := range order {
						if i == 0 {
							f.first.finish(0, resolve.Answer{}, failure(one, resolve.ErrServFail))
						} else {
							f.second.finish(0, resolve.Answer{}, failure(one, resolve.ErrMalformed))
						}
					}
					f.owner.await(c)
					f.owner.once(c)
					c.fails(resolve.ErrServFail)
				}
			}},
		{ID: "race/in-start", Doc: "resolve.Race", Rule: "A strategy that completes inside Start wins, and the rest is not asked.", Needs: needs(Race), Run: func(t T, p Fixture) {
			d := decorate(t, func(first, second resolve.Strategy) (resolve.Strategy, error) {
				return p.Race(&resolverAtOnce{first}, second)
			})
			c := d.start(one)
			d.owner.await(c)
			d.owner.once(c)
			c.holds("192.0.2.1")
			d.second.asked(0, "an answer inside Start")
		}},
	}
}

// resolverAtOnce answers inside Start.
type resolverAtOnce struct{ resolve.Strategy }

func (r *resolverAtOnce) Start(q *resolve.Query) {
	if q.Accept(nil) {
		q.Finish(fixed(q.Question))
	}
}
