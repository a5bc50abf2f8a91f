package sys

import "errors"

// KindOf returns an error that is [errors.ErrUnsupported].
func KindOf(h Handle) (Kind, error) { return KindOtherSocket, errors.ErrUnsupported }
