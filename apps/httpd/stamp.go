package main

import (
	"os"
	"time"
)

// stamp identifies a state of a file.
type stamp struct {
	info    os.FileInfo
	changed time.Time // the time of its last change of any kind; zero if the system does not say
}

func stampOf(file *os.File) (stamp, error) {
	info, err := file.Stat()
	if err != nil {
		return stamp{}, err
	}
	return stamp{info, changeTime(info)}, nil
}

// equals reports whether two stamps prove that a file has not changed. The time of modification
// alone does not prove that: tools that copy files set it.
func (s stamp) equals(o stamp) bool {
	return !s.changed.IsZero() && s.changed.Equal(o.changed) && s.describes(o.info)
}

// describes reports whether the head of an answer from s applies to a file with info.
func (s stamp) describes(info os.FileInfo) bool {
	return s.info.Size() == info.Size() && s.info.ModTime().Equal(info.ModTime()) && os.SameFile(s.info, info)
}
