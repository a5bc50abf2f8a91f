package sys

// The constants that NetBSD has since version 10. Older kernels refuse the filter with EINVAL.
const (
	EvfiltUser  = 8
	NoteTrigger = 0x01000000
)

// The flags of a Kevent that NetBSD has since version 8 (sys/event.h).
const (
	EvDispatch = 0x80 // disarmed by its delivery
	evReceipt  = 0x40
)
