package pool

// Lender owns memory that it lends, as bufstrategy.Lender describes.
type Lender interface{ Return(id uint32) }

// loan identifies the owner of a block that does not belong to a Pool.
type loan struct {
	lender Lender
	id     uint32
}

// loansKept bounds the headers of lent blocks that a Pool keeps for reuse. They take a few
// kilobytes.
const loansKept = 256

// Borrow returns a block over the filled slice p, which belongs to lender.
func (p *Pool) Borrow(bytes []byte, lender Lender, id uint32) *Block {
	p.mu.Lock()
	b := p.loans
	if b != nil {
		p.loans, b.Next = b.Next, nil
		p.loansKept--
	}
	p.mu.Unlock()
	if b == nil {
		b = &Block{loan: &loan{}}
	}
	b.Buf, b.R, b.W = bytes, 0, len(bytes)
	*b.loan = loan{lender, id}
	return b
}

// GiveBack returns the memory of a block to its Lender.
func (p *Pool) GiveBack(b *Block) {
	l := *b.loan
	b.Buf, b.Next, b.R, b.W = nil, nil, 0, 0
	*b.loan = loan{}
	p.mu.Lock()
	if p.loansKept < loansKept {
		b.Next, p.loans = p.loans, b
		p.loansKept++
	}
	p.mu.Unlock()
	l.lender.Return(l.id)
}
