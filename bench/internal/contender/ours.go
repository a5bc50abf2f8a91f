package contender

import "strings"

// Ours returns the server of this workspace in a form of its tasks, on an event queue and with a
// way to move bytes. echo is the path of the program.
func Ours(word, echo, form, queue, io string) *Contender {
	return &Contender{
		Word: word,
		Name: strings.Join([]string{"edgewise", form + "s", queue + "/" + io}, ", "),
		Ours: true,
		line: []string{echo, "serve", "-addr", "127.0.0.1:0", "-task", form, "-queue", queue, "-io", io},
		sink: "-sink", report: []string{"-report", reportEvery.String(), "-collect"},
	}
}
