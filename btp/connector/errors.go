package connector

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// ReasonHeader carries the code of a refusal beside the vendor's body.
const ReasonHeader = problem.ReasonHeader

// contentType is what the connector sends, without a blank (pairing-protocols §1.1).
const contentType = "application/json;charset=UTF-8"

// answer is the vendor's status for a code, and the vendor's text where the
// refusal brings none.
type answer struct {
	status int
	text   string
}

const invalidToken = "Invalid token."

// answers gives every code its answer on the vendor wires. Codes that cannot
// occur here answer 500, as the vendor does for what it did not foresee.
var answers = map[btp.Code]answer{
	btp.Internal:             {http.StatusInternalServerError, "Internal error."},
	btp.InvalidRequest:       {http.StatusInternalServerError, ""},
	btp.BodyTooLarge:         {http.StatusRequestEntityTooLarge, ""},
	btp.UnsupportedMediaType: {http.StatusUnsupportedMediaType, ""},
	btp.RouteNotFound:        {http.StatusNotFound, "Requested resource could not be found."},
	btp.MethodNotAllowed:     {http.StatusMethodNotAllowed, "Method not allowed."},
	btp.InvalidCursor:        {http.StatusBadRequest, ""},

	btp.GlobalAccountNotFound: {http.StatusNotFound, ""},
	btp.SubaccountNotFound:    {http.StatusNotFound, ""},
	btp.SystemNotFound:        {http.StatusNotFound, ""},
	btp.NameInvalid:           {http.StatusBadRequest, ""},
	btp.NameTaken:             {http.StatusConflict, ""},
	btp.TypeUnknown:           {http.StatusBadRequest, ""},
	btp.TypeWithoutToken:      {http.StatusConflict, ""},
	btp.RegionUnavailable:     {http.StatusForbidden, ""},
	btp.SnapshotInvalid:       {http.StatusInternalServerError, ""},
	btp.EnvironmentReplaced:   {http.StatusServiceUnavailable, ""},
	btp.EditionMismatch:       {http.StatusConflict, ""},
	btp.OperationNotInEdition: {http.StatusConflict, ""},
	btp.StatusForbids:         {http.StatusConflict, ""},
	btp.ClockBackwards:        {http.StatusConflict, ""},

	btp.PreconditionFailed:   {http.StatusPreconditionFailed, ""},
	btp.IdempotencyKeyReused: {http.StatusConflict, ""},
	btp.FaultInjected:        {http.StatusInternalServerError, ""},
	btp.FaultNotFound:        {http.StatusNotFound, ""},
	btp.RecipeNotFound:       {http.StatusNotFound, ""},
	btp.HoldNotFound:         {http.StatusNotFound, ""},
	btp.RecordingNotFound:    {http.StatusNotFound, ""},

	btp.EnvironmentNotFound:  {http.StatusNotFound, ""},
	btp.EnvironmentGone:      {http.StatusGone, ""},
	btp.EnvironmentPermanent: {http.StatusConflict, ""},
	btp.EnvironmentLimit:     {http.StatusConflict, ""},
	btp.TryLater:             {http.StatusServiceUnavailable, ""},
	btp.URLNotHandedOut:      {http.StatusNotFound, ""},

	btp.FormationNotFound:            {http.StatusNotFound, ""},
	btp.AssignmentNotFound:           {http.StatusNotFound, ""},
	btp.FormationTypeUnknown:         {http.StatusBadRequest, ""},
	btp.FormationStatusForbids:       {http.StatusConflict, ""},
	btp.FormationNotEmpty:            {http.StatusConflict, ""},
	btp.FormationIncomplete:          {http.StatusConflict, ""},
	btp.FormationFull:                {http.StatusConflict, ""},
	btp.SystemTypeNotInFormation:     {http.StatusConflict, ""},
	btp.SystemNotInFormation:         {http.StatusNotFound, ""},
	btp.SystemNotRegistered:          {http.StatusConflict, ""},
	btp.SystemAutoDiscovered:         {http.StatusConflict, ""},
	btp.SystemTypeLimit:              {http.StatusConflict, ""},
	btp.SystemNotDiscovered:          {http.StatusConflict, ""},
	btp.MergeTargetInvalid:           {http.StatusConflict, ""},
	btp.SystemInUse:                  {http.StatusConflict, ""},
	btp.SubaccountWithoutEnvironment: {http.StatusConflict, ""},
	btp.PlanUnknown:                  {http.StatusBadRequest, ""},
	btp.EntitlementNotFound:          {http.StatusNotFound, ""},
	btp.EntitlementExists:            {http.StatusConflict, ""},
	btp.EntitlementInUse:             {http.StatusConflict, ""},
	btp.NotEntitled:                  {http.StatusForbidden, ""},
	btp.QuotaExhausted:               {http.StatusConflict, ""},
	btp.ExtensionInUse:               {http.StatusConflict, ""},
	btp.IncidentNotFound:             {http.StatusNotFound, ""},
	btp.IncidentIsResolved:           {http.StatusConflict, ""},
	// Another tenant's token is as good as none.
	btp.TenantMismatch:          {http.StatusForbidden, invalidToken},
	btp.TenantNotTold:           {http.StatusBadGateway, ""},
	btp.ReleaseTokenInvalid:     {http.StatusForbidden, invalidToken},
	btp.DestinationNotFound:     {http.StatusNotFound, ""},
	btp.DestinationExists:       {http.StatusConflict, ""},
	btp.DestinationInvalid:      {http.StatusBadRequest, ""},
	btp.DestinationLimit:        {http.StatusConflict, ""},
	btp.CertificateFileNotFound: {http.StatusNotFound, ""},
	btp.DestinationTokenFailed:  {http.StatusBadGateway, ""},
	btp.UserNotFound:            {http.StatusNotFound, ""},

	btp.ArrangementRefused: {http.StatusUnprocessableEntity, ""},
	btp.EmClientIDTaken:    {http.StatusConflict, ""},

	btp.Unauthenticated:     {http.StatusUnauthorized, ""},
	btp.Forbidden:           {http.StatusForbidden, ""},
	btp.OAuthClientNotFound: {http.StatusNotFound, ""},

	// No distinction is made between unknown, expired and used (pairing-protocols §1.3).
	btp.TokenMissing:       {http.StatusForbidden, "Token not provided."},
	btp.TokenMalformed:     {http.StatusForbidden, invalidToken},
	btp.TokenForged:        {http.StatusForbidden, invalidToken},
	btp.TokenForeign:       {http.StatusForbidden, invalidToken},
	btp.TokenWrongAudience: {http.StatusForbidden, invalidToken},
	btp.TokenNotYetValid:   {http.StatusForbidden, invalidToken},
	btp.TokenExpired:       {http.StatusForbidden, invalidToken},
	btp.TokenUsed:          {http.StatusForbidden, invalidToken},
	btp.TokenVoid:          {http.StatusForbidden, invalidToken},
	btp.TokenUnknown:       {http.StatusForbidden, invalidToken},
	btp.TokenWrongType:     {http.StatusForbidden, invalidToken},
	btp.TokenWrongAccount:  {http.StatusForbidden, invalidToken},
	btp.TokenQuotaExceeded: {http.StatusConflict, ""},
	btp.TokenShownOnce:     {http.StatusConflict, ""},
	btp.TokenNotIssued:     {http.StatusConflict, ""},

	btp.FollowUpInvalid:     {http.StatusForbidden, invalidToken},
	btp.FollowUpExpired:     {http.StatusForbidden, invalidToken},
	btp.CSRMalformed:        {http.StatusBadRequest, ""},
	btp.CSRSignatureInvalid: {http.StatusBadRequest, ""},
	btp.CSRSubjectInvalid:   {http.StatusBadRequest, ""},
	btp.CSRKeyRefused:       {http.StatusBadRequest, ""},
	// A real gateway ends the handshake here; there is no answer to copy.
	btp.CertificateMissing:   {http.StatusForbidden, "No client certificate provided."},
	btp.CertificateForeign:   {http.StatusForbidden, "Invalid certificate."},
	btp.CertificateExpired:   {http.StatusForbidden, "Certificate has expired."},
	btp.CertificateRevoked:   {http.StatusForbidden, "Certificate has been revoked."},
	btp.CertificateUnknown:   {http.StatusForbidden, "no valid subject found"},
	btp.CertificateNotForApp: {http.StatusForbidden, "no valid subject found"},

	btp.ServiceInvalid:          {http.StatusBadRequest, ""},
	btp.ServiceNotFound:         {http.StatusNotFound, ""},
	btp.ServiceIdentifierTaken:  {http.StatusConflict, ""},
	btp.ServiceLimit:            {http.StatusBadRequest, ""},
	btp.SpecificationFetch:      {http.StatusBadGateway, ""},
	btp.EventInvalid:            {http.StatusBadRequest, ""},
	btp.EventTooLarge:           {http.StatusRequestEntityTooLarge, ""},
	btp.SubscriptionNotFound:    {http.StatusNotFound, ""},
	btp.SubscriptionLimit:       {http.StatusConflict, ""},
	btp.SinkForbidden:           {http.StatusBadRequest, ""},
	btp.EventNotDelivered:       {http.StatusBadGateway, ""},
	btp.DeliveriesFull:          {http.StatusInsufficientStorage, ""},
	btp.ServiceOfferingUnknown:  {http.StatusBadRequest, ""},
	btp.ServiceInstanceNotFound: {http.StatusNotFound, ""},
	btp.ServiceBindingNotFound:  {http.StatusNotFound, ""},
	btp.InstanceExists:          {http.StatusConflict, ""},
	btp.BindingExists:           {http.StatusConflict, ""},
	btp.ParametersInvalid:       {http.StatusUnprocessableEntity, ""},
	btp.PlaceInvalid:            {http.StatusBadRequest, ""},
	btp.InstanceLimit:           {http.StatusConflict, ""},
	btp.InstanceHasBindings:     {http.StatusConflict, ""},
	btp.OperationInProgress:     {http.StatusUnprocessableEntity, ""},
	btp.InstanceNotUpdatable:    {http.StatusUnprocessableEntity, ""},
	btp.InstanceNotUsable:       {http.StatusUnprocessableEntity, ""},
	btp.DeliveryNotFound:        {http.StatusNotFound, ""},
	btp.DeliveryNotDead:         {http.StatusConflict, ""},
	btp.DescriptorInvalid:       {http.StatusBadRequest, ""},
	btp.KeyAlgorithmUnsupported: {http.StatusBadRequest, ""},

	// Of platform services, which have wires of their own.
	btp.EmNameTaken:           {http.StatusConflict, ""},
	btp.NamespaceTaken:        {http.StatusConflict, ""},
	btp.ChannelNotEnabled:     {http.StatusForbidden, ""},
	btp.OutsideNamespace:      {http.StatusForbidden, ""},
	btp.TopicInvalid:          {http.StatusBadRequest, ""},
	btp.QueueNotFound:         {http.StatusNotFound, ""},
	btp.QueueLimit:            {http.StatusConflict, ""},
	btp.QueueFull:             {http.StatusInsufficientStorage, ""},
	btp.MessageInvalid:        {http.StatusBadRequest, ""},
	btp.MessageTooLarge:       {http.StatusRequestEntityTooLarge, ""},
	btp.MessageNotFound:       {http.StatusNotFound, ""},
	btp.TooManyUnacknowledged: {http.StatusTooManyRequests, ""},
	btp.WebhookInvalid:        {http.StatusBadRequest, ""},
	btp.WebhookNotFound:       {http.StatusNotFound, ""},
	btp.WebhookLimit:          {http.StatusConflict, ""},
	btp.HandshakeRefused:      {http.StatusConflict, ""},

	// Of the gateway, which has a table of its own.
	btp.GatewayPathIncomplete: {http.StatusBadRequest, ""},
	btp.ApplicationNotFound:   {http.StatusNotFound, ""},
	btp.ServiceAmbiguous:      {http.StatusBadRequest, ""},
	btp.ServiceWithoutAPI:     {http.StatusBadRequest, ""},
	btp.CredentialsUnusable:   {http.StatusInternalServerError, ""},
	btp.TokenCallFailed:       {http.StatusBadGateway, ""},
	btp.TokenCallMTLSFailed:   {http.StatusInternalServerError, ""},
	btp.CSRFCallFailed:        {http.StatusBadGateway, ""},
	btp.TargetForbidden:       {http.StatusBadGateway, ""},
	btp.TargetUnreachable:     {http.StatusBadGateway, ""},
	btp.TargetTimeout:         {http.StatusGatewayTimeout, ""},
	btp.TargetFailed:          {http.StatusBadGateway, ""},
	btp.GatewayLoop:           {http.StatusBadGateway, ""},
}

// errorBody is the error shape of pairing-protocols §1 and §3.
type errorBody struct {
	Code  int    `json:"code"`
	Error string `json:"error"`
}

// WriteError answers err as the vendor does.
func WriteError(c *gin.Context, log *slog.Logger, err error) {
	refused := refusal(c.Request.Context(), log, err)
	a := answers[refused.Code]
	text := refused.Vendor
	if text == "" {
		text = a.text
	}
	if text == "" {
		text = refused.Detail
	}
	c.Header(ReasonHeader, string(refused.Code))
	writeJSON(c, a.status, errorBody{Code: a.status, Error: text})
	c.Abort()
}

// refusal finds the refusal in err; anything else is our own fault and is logged.
func refusal(ctx context.Context, log *slog.Logger, err error) *btp.Error {
	var refused *btp.Error
	if errors.As(err, &refused) {
		return refused
	}
	log.ErrorContext(ctx, "request failed", "error", err)
	return &btp.Error{Code: btp.Internal}
}

func writeJSON(c *gin.Context, status int, body any) {
	c.Header("Content-Type", contentType) // gin keeps a header that is set
	c.JSON(status, body)
}

// NotFound answers a path that the vendor does not know.
func NotFound(c *gin.Context) {
	WriteError(c, slog.New(slog.DiscardHandler), btp.Errorf(btp.RouteNotFound, "no route %s", problem.Path(c.Request.URL.Path)))
}

// NoMethod answers a method that the vendor's path does not take.
func NoMethod(c *gin.Context) {
	WriteError(c, slog.New(slog.DiscardHandler), btp.Errorf(btp.MethodNotAllowed, "%s is not for %s", c.Request.Method, problem.Path(c.Request.URL.Path)))
}
