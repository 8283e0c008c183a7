package marketingsim

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/pairsim/pairsim/internal/odata"
	"github.com/pairsim/pairsim/internal/records"
	"github.com/pairsim/pairsim/internal/tenant"
)

// The data of SAP Marketing Cloud as three of its services show it. Entity sets,
// keys and properties have SAP's names; they are a selection. The codes of a
// campaign's status are our own decision.

const (
	contacts     = "contacts"
	interactions = "interactions"
	campaigns    = "campaigns"

	campaignInPreparation = "1"
	campaignCompleted     = "3"
)

var campaignStatuses = map[string]string{campaignInPreparation: "In Preparation", "2": "Released", campaignCompleted: "Completed"}

var contactService = odata.Service{Namespace: "API_MKT_CONTACT_SRV", Sets: []odata.Set{{
	Name: "ContactOriginData", Type: "ContactOriginDatum", Keys: []string{"ContactID", "ContactOrigin"}, Concurrency: "LastChangeDateTime",
	Collection: contacts, Prepare: prepareContact,
	Properties: []odata.Property{
		odata.Text("ContactID", 255), odata.Text("ContactOrigin", 20), odata.Of("ContactUUID", odata.GUID).ByService(),
		odata.Text("FirstName", 40), odata.Text("LastName", 40), odata.Text("FullName", 80).ByService(), odata.Text("EmailAddress", 241),
		odata.Text("PhoneNumber", 30), odata.Text("CityName", 40), odata.Text("Country", 3), odata.Text("Language", 2),
		odata.Text("CorporateAccountName", 160), odata.Of("IsConsumer", odata.Boolean), odata.Of("OriginDataLastChgUTCDateTime", odata.DateTimeOffset),
		odata.Of("LastChangeDateTime", odata.DateTimeOffset).ByService(),
	},
}}}

var interactionService = odata.Service{Namespace: "API_MKT_INTERACTION_SRV", Sets: []odata.Set{{
	Name: "Interactions", Type: "Interaction", Keys: []string{"InteractionUUID"}, Concurrency: "LastChangeDateTime",
	Collection: interactions, Prepare: prepareInteraction,
	Properties: []odata.Property{
		odata.Of("InteractionUUID", odata.GUID), odata.Text("InteractionContactId", 255).NotNull(), odata.Text("InteractionContactOrigin", 20).NotNull(),
		odata.Of("InteractionContactUUID", odata.GUID).ByService(), odata.Text("InteractionType", 20).NotNull(), odata.Text("CommunicationMedium", 20).NotNull(),
		odata.Of("InteractionTimeStampUTC", odata.DateTimeOffset), odata.Text("InteractionSubject", 255), odata.Text("InteractionContent", 4000),
		odata.Text("CampaignID", 10), odata.Amount("InteractionAmount", 2), odata.Text("InteractionCurrency", 5),
		odata.Of("LastChangeDateTime", odata.DateTimeOffset).ByService(),
	},
}}}

var campaignService = odata.Service{Namespace: "API_MKT_CAMPAIGN_SRV", Sets: []odata.Set{{
	Name: "Campaigns", Type: "Campaign", Keys: []string{"CampaignID"}, Concurrency: "LastChangeDateTime",
	Collection: campaigns, Prepare: prepareCampaign,
	Properties: []odata.Property{
		odata.Text("CampaignID", 10), odata.Text("CampaignName", 60).NotNull(), odata.Text("CampaignDescription", 255),
		odata.Text("CampaignLifecycleStatus", 2), odata.Text("CampaignLifecycleStatusName", 60).ByService(), odata.Text("CampaignCategory", 4),
		odata.Text("MarketingArea", 40), odata.Of("CampaignStartDate", odata.DateTime), odata.Of("CampaignEndDate", odata.DateTime),
		odata.Of("CreationDateTime", odata.DateTimeOffset).ByService(), odata.Of("LastChangeDateTime", odata.DateTimeOffset).ByService(),
	},
}}}

// newGUID is the next id of a kind.
func newGUID(tx *records.Tx, kind string) string {
	return uuid.MustParse(tx.ID(kind, tx.Number(kind))).String() // 32 hexadecimal digits
}

func prepareContact(tx *records.Tx, e, before map[string]any) error {
	now := odata.Time(tx.Stamp())
	if before == nil {
		e["ContactUUID"] = newGUID(tx, contacts)
	}
	if e["OriginDataLastChgUTCDateTime"] == nil {
		e["OriginDataLastChgUTCDateTime"] = now
	}
	e["FullName"] = nil
	first, _ := e["FirstName"].(string)
	last, _ := e["LastName"].(string)
	if name := strings.TrimSpace(first + " " + last); name != "" {
		e["FullName"] = name
	}
	e["LastChangeDateTime"] = now
	return nil
}

// prepareInteraction gives an interaction its id, which clients leave zero, and
// its contact, if there is one.
func prepareInteraction(tx *records.Tx, e, before map[string]any) error {
	now := odata.Time(tx.Stamp())
	if id := e["InteractionUUID"]; before == nil && (id == nil || id == uuid.Nil.String()) {
		e["InteractionUUID"] = newGUID(tx, interactions)
	}
	if e["InteractionTimeStampUTC"] == nil {
		e["InteractionTimeStampUTC"] = now
	}
	e["InteractionContactUUID"] = nil
	for _, c := range tx.List(contacts) {
		if c.Fields["ContactID"] == e["InteractionContactId"] && c.Fields["ContactOrigin"] == e["InteractionContactOrigin"] {
			e["InteractionContactUUID"] = c.Fields["ContactUUID"]
		}
	}
	if id := e["CampaignID"]; id != nil {
		if _, found := tx.Find(campaigns, fmt.Sprint(id)); !found {
			return odata.Refuse("CampaignNotFound", "property CampaignID: there is no campaign %.20q", id)
		}
	}
	e["LastChangeDateTime"] = now
	return nil
}

func prepareCampaign(tx *records.Tx, e, before map[string]any) error {
	now := odata.Time(tx.Stamp())
	if before == nil {
		e["CreationDateTime"] = now
		if e["CampaignID"] == nil {
			e["CampaignID"] = strconv.Itoa(1000 + tx.Number(campaigns))
		}
	}
	if e["CampaignLifecycleStatus"] == nil {
		e["CampaignLifecycleStatus"] = campaignInPreparation
	}
	name, known := campaignStatuses[fmt.Sprint(e["CampaignLifecycleStatus"])]
	if !known {
		return odata.Refuse("InvalidCode", "property CampaignLifecycleStatus: there is no code %.20q", fmt.Sprint(e["CampaignLifecycleStatus"]))
	}
	start, _ := e["CampaignStartDate"].(string)
	end, _ := e["CampaignEndDate"].(string)
	if start != "" && end != "" && end < start { // both in the same form, in UTC
		return odata.Refuse("InvalidPeriod", "CampaignEndDate is before CampaignStartDate")
	}
	e["CampaignLifecycleStatusName"], e["LastChangeDateTime"] = name, now
	return nil
}

// seededAt is when the data that a tenant begins with was made.
var seededAt = time.Date(2024, time.January, 15, 9, 0, 0, 0, time.UTC)

func seed(tx *records.Tx) error {
	for _, part := range []struct {
		service *odata.Service
		rows    []odata.Row
	}{
		{&campaignService, []odata.Row{
			{Set: "Campaigns", Values: map[string]any{"CampaignName": "Winter sale", "CampaignLifecycleStatus": "2", "MarketingArea": "CXXGLOBAL", "CampaignStartDate": "2024-01-10T00:00:00", "CampaignEndDate": "2024-02-29T00:00:00"}},
			{Set: "Campaigns", Values: map[string]any{"CampaignName": "Spring newsletter", "MarketingArea": "CXXGLOBAL", "CampaignStartDate": "2024-03-01T00:00:00"}},
		}},
		{&contactService, []odata.Row{
			{Set: "ContactOriginData", Values: map[string]any{"ContactID": "jane@alpine.test", "ContactOrigin": "EMAIL", "FirstName": "Jane", "LastName": "Keller", "EmailAddress": "jane@alpine.test", "Country": "CH", "IsConsumer": true}},
			{Set: "ContactOriginData", Values: map[string]any{"ContactID": "omar@harbour.test", "ContactOrigin": "EMAIL", "FirstName": "Omar", "LastName": "Lind", "EmailAddress": "omar@harbour.test", "Country": "GB", "IsConsumer": false, "CorporateAccountName": "Harbour Foods Ltd"}},
		}},
		{&interactionService, []odata.Row{
			{Set: "Interactions", Values: map[string]any{"InteractionContactId": "jane@alpine.test", "InteractionContactOrigin": "EMAIL", "InteractionType": "EMAIL_OPENED", "CommunicationMedium": "EMAIL", "CampaignID": "1001", "InteractionTimeStampUTC": "2024-01-12T08:30:00Z"}},
		}},
	} {
		if err := odata.Seed(tx, part.service, seededAt, part.rows); err != nil {
			return err
		}
	}
	return nil
}

// emissions are the business events of domain §9.4 that these objects have.
var emissions = []tenant.Emission{
	{
		Collection: interactions, Operation: records.Created, Type: "bo.interaction.created", Version: "v1",
		Data: func(r records.Record) any { return keyed("INTERACTION", r.Text("InteractionUUID")) },
	},
	{
		Collection: campaigns, Operation: records.Created, When: completed, Type: "bo.marketingcampaign.completed", Version: "v1",
		Data: func(r records.Record) any { return keyed("MKTCAMPAIGN", r.Text("CampaignID")) },
	},
	{
		Collection: campaigns, Operation: records.Updated, When: completed, Type: "bo.marketingcampaign.completed", Version: "v1",
		Data: func(r records.Record) any { return keyed("MKTCAMPAIGN", r.Text("CampaignID")) },
	},
}

// completed: the change made it so.
func completed(before, after records.Record) bool {
	return after.Text("CampaignLifecycleStatus") == campaignCompleted && before.Text("CampaignLifecycleStatus") != campaignCompleted
}

// keyed is the payload of a business event.
func keyed(name, value string) any {
	return map[string]any{"KEY": []map[string]string{{name: value}}}
}

var contactMetadata, interactionMetadata, campaignMetadata = sync.OnceValue(contactService.EDMX), sync.OnceValue(interactionService.EDMX), sync.OnceValue(campaignService.EDMX)
