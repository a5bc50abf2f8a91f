package bufstrategy

// loan identifies the owner of a block that does not belong to a Pool.
type loan struct {
	lender Lender
	id     uint32
}

// loansKept bounds the headers of lent blocks that a Pool keeps for reuse. They take a few
// kilobytes.
const loansKept = 256

// borrow returns a block over the filled slice p, which belongs to lender.
func (p *Pool) borrow(bytes []byte, lender Lender, id uint32) *block {
	p.mu.Lock()
	b := p.loans
	if b != nil {
		p.loans, b.next = b.next, nil
		p.loansKept--
	}
	p.mu.Unlock()
	if b == nil {
		b = &block{loan: &loan{}}
	}
	b.buf, b.r, b.w = bytes, 0, len(bytes)
	*b.loan = loan{lender, id}
	return b
}

// giveBack returns the memory of a block to its Lender.
func (p *Pool) giveBack(b *block) {
	l := *b.loan
	b.buf, b.next, b.r, b.w = nil, nil, 0, 0
	*b.loan = loan{}
	p.mu.Lock()
	if p.loansKept < loansKept {
		b.next, p.loans = p.loans, b
		p.loansKept++
	}
	p.mu.Unlock()
	l.lender.Return(l.id)
}
