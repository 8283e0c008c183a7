package control

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

// showMessage answers with what was said in a request or call of the journal.
func (s *server) showMessage(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	number, err := sequenceNumber("seq", c.Param("seq"))
	if err != nil {
		return err
	}
	if said, kept := s.Messages.Find(number); kept {
		return httpapi.Respond(c, http.StatusOK, said)
	}
	return s.whyNotKept(number)
}

func (s *server) whyNotKept(number uint64) error {
	entry, _ := s.Registry.Journal().Read(btp.JournalFilter{After: max(number, 1) - 1, Limit: 1})
	switch {
	case !s.Messages.Recording():
		return btp.Errorf(btp.RecordingNotFound, "this server does not record what requests say (--record-messages=false)")
	case len(entry) == 0 || entry[0].Sequence != number:
		return btp.Errorf(btp.RecordingNotFound, "the journal has no entry %d", number)
	case entry[0].Kind != btp.EntryRequest && entry[0].Kind != btp.EntryCall:
		return btp.Errorf(btp.RecordingNotFound, "entry %d is a %s: only requests and calls say something", number, entry[0].Kind)
	}
	return btp.Errorf(btp.RecordingNotFound, "what entry %d said is not kept any more", number)
}
