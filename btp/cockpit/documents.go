package cockpit

import (
	"cmp"
	"maps"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/internal/sources"
)

// document is one that a reference names.
type document struct {
	Name     string    `json:"name"`
	Title    string    `json:"title"`
	Where    string    `json:"where"`
	Sections []section `json:"sections,omitempty"`
}

type section struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
}

// showDocuments says what the reference in "of" means; without one, which there are.
func showDocuments(c *gin.Context) {
	found := sources.All()
	if of := c.Query("of"); of != "" {
		found = sources.Find(of)
	}
	items := make([]document, len(found))
	for i, d := range found {
		items[i] = document{Name: d.Name, Title: d.Title, Where: d.Where}
		for _, n := range slices.SortedFunc(maps.Keys(d.Sections), cmp.Compare[int]) {
			items[i].Sections = append(items[i].Sections, section{n, d.Sections[n]})
		}
	}
	c.Header("Cache-Control", "no-cache")
	c.JSON(http.StatusOK, gin.H{"items": items})
}
