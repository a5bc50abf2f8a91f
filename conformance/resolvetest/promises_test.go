package resolvetest

import (
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

func TestEveryRuleIsPromised(t *testing.T) {
	suite.Promises(t, Cases(), "../../resolve", "../../resolve/stub")
}
