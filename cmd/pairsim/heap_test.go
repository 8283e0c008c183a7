package main

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// percent is the collector's setting, as it is now.
func percent() int {
	now := debug.SetGCPercent(100)
	debug.SetGCPercent(now)
	return now
}

// A server has the headroom after the first collection, and then the collector's usual
// setting again.
func TestHeadroom(t *testing.T) {
	usual := percent()
	t.Cleanup(func() { headroom = nil; debug.SetGCPercent(usual) })
	t.Setenv("GOGC", "200")
	if giveHeadroom(); percent() != usual {
		t.Errorf("GOGC is set, and changed to %d", percent())
	}
	t.Setenv("GOGC", "")
	given := giveHeadroom()
	if percent() == usual {
		t.Error("the first collection comes as early as ever")
	}
	runtime.GC()
	<-given
	if len(headroom) != headroomBytes || percent() != usual {
		t.Errorf("%d bytes of headroom, and a collection at %d %%", len(headroom), percent())
	}
}
