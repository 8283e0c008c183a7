package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// problems gives every code its HTTP answer on our own APIs; docs/problems.md
// describes each. The exhaustive linter and a test report a code without a row.
var problems = map[btp.Code]struct {
	status int
	title  string
}{
	btp.Internal: {http.StatusInternalServerError, "Internal error"},

	btp.InvalidRequest:       {http.StatusBadRequest, "Invalid request"},
	btp.BodyTooLarge:         {http.StatusRequestEntityTooLarge, "Body is too large"},
	btp.UnsupportedMediaType: {http.StatusUnsupportedMediaType, "Unsupported media type"},
	btp.RouteNotFound:        {http.StatusNotFound, "No such path"},
	btp.MethodNotAllowed:     {http.StatusMethodNotAllowed, "Method not allowed"},
	btp.InvalidCursor:        {http.StatusBadRequest, "Invalid cursor"},

	btp.GlobalAccountNotFound: {http.StatusNotFound, "No such global account"},
	btp.SubaccountNotFound:    {http.StatusNotFound, "No such subaccount"},
	btp.SystemNotFound:        {http.StatusNotFound, "No such system"},
	btp.NameInvalid:           {http.StatusBadRequest, "Invalid name"},
	btp.NameTaken:             {http.StatusConflict, "Name is taken"},
	btp.TypeUnknown:           {http.StatusBadRequest, "No such system type"},
	btp.TypeWithoutToken:      {http.StatusConflict, "System type is not paired by token"},
	btp.RegionUnavailable:     {http.StatusConflict, "Not available in this region"},
	btp.SnapshotInvalid:       {http.StatusUnprocessableEntity, "Snapshot is not valid"},
	btp.EnvironmentReplaced:   {http.StatusServiceUnavailable, "Environment was replaced meanwhile"},
	btp.EditionMismatch:       {http.StatusConflict, "Stored data has another edition"},
	btp.OperationNotInEdition: {http.StatusConflict, "Operation does not exist in this edition"},
	btp.StatusForbids:         {http.StatusConflict, "Not possible in the system's status"},
	btp.ClockBackwards:        {http.StatusConflict, "A clock is not set back"},

	btp.PreconditionFailed:   {http.StatusPreconditionFailed, "It has changed in the meantime"},
	btp.IdempotencyKeyReused: {http.StatusUnprocessableEntity, "Idempotency-Key came with another request"},
	btp.FaultInjected:        {http.StatusInternalServerError, "A step was made to fail"},
	btp.FaultNotFound:        {http.StatusNotFound, "No such fault"},
	btp.RecipeNotFound:       {http.StatusNotFound, "No such recipe"},
	btp.HoldNotFound:         {http.StatusNotFound, "No such hold"},
	btp.RecordingNotFound:    {http.StatusNotFound, "No such recording"},

	btp.EnvironmentNotFound:  {http.StatusNotFound, "No such environment"},
	btp.EnvironmentGone:      {http.StatusGone, "Environment is gone"},
	btp.EnvironmentPermanent: {http.StatusConflict, "Environment stays"},
	btp.EnvironmentLimit:     {http.StatusConflict, "Too many environments"},
	btp.TryLater:             {http.StatusServiceUnavailable, "The registry is busy"},
	btp.URLNotHandedOut:      {http.StatusNotFound, "URL was not handed out"},

	btp.FormationNotFound:            {http.StatusNotFound, "No such formation"},
	btp.AssignmentNotFound:           {http.StatusNotFound, "No such formation assignment"},
	btp.FormationTypeUnknown:         {http.StatusBadRequest, "No such formation type"},
	btp.FormationStatusForbids:       {http.StatusConflict, "Not possible in the formation's status"},
	btp.FormationNotEmpty:            {http.StatusConflict, "Formation is not empty"},
	btp.FormationIncomplete:          {http.StatusConflict, "Formation lacks systems"},
	btp.FormationFull:                {http.StatusConflict, "Formation is full"},
	btp.SystemTypeNotInFormation:     {http.StatusConflict, "Formation does not take systems of this type"},
	btp.SystemNotInFormation:         {http.StatusNotFound, "System is not in the formation"},
	btp.SystemNotRegistered:          {http.StatusConflict, "System is not registered"},
	btp.SystemAutoDiscovered:         {http.StatusConflict, "System is auto-discovered"},
	btp.SystemTypeLimit:              {http.StatusConflict, "Too many system types"},
	btp.SystemNotDiscovered:          {http.StatusConflict, "System is not auto-discovered"},
	btp.MergeTargetInvalid:           {http.StatusConflict, "No target of a merge"},
	btp.SystemInUse:                  {http.StatusConflict, "System is still in use"},
	btp.SubaccountWithoutEnvironment: {http.StatusConflict, "Subaccount has no environment"},
	btp.PlanUnknown:                  {http.StatusBadRequest, "No such service plan"},
	btp.EntitlementNotFound:          {http.StatusNotFound, "No such entitlement configuration"},
	btp.EntitlementExists:            {http.StatusConflict, "Entitlement configuration exists already"},
	btp.EntitlementInUse:             {http.StatusConflict, "Entitlement is still in use"},
	btp.NotEntitled:                  {http.StatusForbidden, "Plan is not entitled"},
	btp.QuotaExhausted:               {http.StatusConflict, "Quota is exhausted"},
	btp.ExtensionInUse:               {http.StatusConflict, "Extension is still in use"},
	btp.IncidentNotFound:             {http.StatusNotFound, "No such incident"},
	btp.IncidentIsResolved:           {http.StatusConflict, "Incident is resolved already"},
	btp.TenantMismatch:               {http.StatusForbidden, "Another tenant than before"},
	btp.TenantNotTold:                {http.StatusBadGateway, "Tenant could not be told"},
	btp.ReleaseTokenInvalid:          {http.StatusForbidden, "Release token is invalid"},

	btp.DestinationNotFound:     {http.StatusNotFound, "No such destination"},
	btp.DestinationExists:       {http.StatusConflict, "Destination exists already"},
	btp.DestinationInvalid:      {http.StatusUnprocessableEntity, "Invalid destination"},
	btp.DestinationLimit:        {http.StatusConflict, "Too many destinations"},
	btp.CertificateFileNotFound: {http.StatusNotFound, "No such certificate file"},
	btp.DestinationTokenFailed:  {http.StatusBadGateway, "No token for the destination"},
	btp.UserNotFound:            {http.StatusNotFound, "No such user"},

	btp.ArrangementRefused: {http.StatusUnprocessableEntity, "The tenant refused the communication arrangement"},
	btp.EmClientIDTaken:    {http.StatusConflict, "emClientId is taken"},

	btp.Unauthenticated:     {http.StatusUnauthorized, "Access token is missing or not valid"},
	btp.Forbidden:           {http.StatusForbidden, "Role does not allow it"},
	btp.OAuthClientNotFound: {http.StatusNotFound, "No such OAuth client"},

	btp.TokenMissing:       {http.StatusBadRequest, "Token is missing"},
	btp.TokenMalformed:     {http.StatusBadRequest, "Token is malformed"},
	btp.TokenForged:        {http.StatusForbidden, "Token is forged"},
	btp.TokenForeign:       {http.StatusForbidden, "Token of another environment"},
	btp.TokenWrongAudience: {http.StatusForbidden, "Token is not meant for pairing"},
	btp.TokenNotYetValid:   {http.StatusForbidden, "Token is not yet valid"},
	btp.TokenExpired:       {http.StatusGone, "Token has expired"},
	btp.TokenUsed:          {http.StatusGone, "Token has been used"},
	btp.TokenVoid:          {http.StatusGone, "Token is void"},
	btp.TokenUnknown:       {http.StatusNotFound, "Token is unknown"},
	btp.TokenWrongType:     {http.StatusForbidden, "Token of another system type"},
	btp.TokenWrongAccount:  {http.StatusForbidden, "Token of another global account"},
	btp.TokenQuotaExceeded: {http.StatusConflict, "Too many unused tokens"},
	btp.TokenShownOnce:     {http.StatusConflict, "Token is shown only once"},
	btp.TokenNotIssued:     {http.StatusNotFound, "No token has been issued"},

	btp.FollowUpInvalid:      {http.StatusForbidden, "Follow-up token is invalid"},
	btp.FollowUpExpired:      {http.StatusForbidden, "Follow-up token has expired"},
	btp.CSRMalformed:         {http.StatusBadRequest, "Certificate request is malformed"},
	btp.CSRSignatureInvalid:  {http.StatusBadRequest, "Certificate request is not signed by its key"},
	btp.CSRSubjectInvalid:    {http.StatusBadRequest, "Certificate request has the wrong subject"},
	btp.CSRKeyRefused:        {http.StatusBadRequest, "Key of the certificate request is refused"},
	btp.CertificateMissing:   {http.StatusForbidden, "Client certificate is missing"},
	btp.CertificateForeign:   {http.StatusForbidden, "Client certificate of another authority"},
	btp.CertificateExpired:   {http.StatusForbidden, "Client certificate has expired"},
	btp.CertificateRevoked:   {http.StatusForbidden, "Client certificate has been revoked"},
	btp.CertificateUnknown:   {http.StatusForbidden, "Client certificate is unknown"},
	btp.CertificateNotForApp: {http.StatusForbidden, "Client certificate of another application"},

	btp.ServiceInvalid:          {http.StatusBadRequest, "Invalid service"},
	btp.ServiceNotFound:         {http.StatusNotFound, "No such service"},
	btp.ServiceIdentifierTaken:  {http.StatusConflict, "Service identifier is taken"},
	btp.ServiceLimit:            {http.StatusConflict, "Too many services"},
	btp.SpecificationFetch:      {http.StatusBadGateway, "Specification could not be fetched"},
	btp.EventInvalid:            {http.StatusBadRequest, "Invalid event"},
	btp.EventTooLarge:           {http.StatusRequestEntityTooLarge, "Event is too large"},
	btp.SubscriptionNotFound:    {http.StatusNotFound, "No such subscription"},
	btp.SubscriptionLimit:       {http.StatusConflict, "Too many subscriptions"},
	btp.SinkForbidden:           {http.StatusBadRequest, "No event may go to this sink"},
	btp.EventNotDelivered:       {http.StatusBadGateway, "Event could not be delivered"},
	btp.DeliveriesFull:          {http.StatusInsufficientStorage, "Too many events wait for a subscriber"},
	btp.ServiceOfferingUnknown:  {http.StatusBadRequest, "No such service offering or plan"},
	btp.ServiceInstanceNotFound: {http.StatusNotFound, "No such service instance"},
	btp.ServiceBindingNotFound:  {http.StatusNotFound, "No such service binding"},
	btp.InstanceExists:          {http.StatusConflict, "Service instance exists already"},
	btp.BindingExists:           {http.StatusConflict, "Service binding exists already"},
	btp.ParametersInvalid:       {http.StatusUnprocessableEntity, "Parameters are not valid"},
	btp.PlaceInvalid:            {http.StatusBadRequest, "No place of the subaccount"},
	btp.InstanceLimit:           {http.StatusConflict, "Too many service instances or bindings"},
	btp.InstanceHasBindings:     {http.StatusConflict, "Service instance has bindings"},
	btp.OperationInProgress:     {http.StatusUnprocessableEntity, "Another operation is in progress"},
	btp.InstanceNotUpdatable:    {http.StatusUnprocessableEntity, "Service instance is not updatable"},
	btp.InstanceNotUsable:       {http.StatusUnprocessableEntity, "Service instance is not usable"},
	btp.DeliveryNotFound:        {http.StatusNotFound, "No such delivery"},
	btp.DeliveryNotDead:         {http.StatusConflict, "The event is still sent"},
	btp.DescriptorInvalid:       {http.StatusBadRequest, "Invalid tenant descriptor"},
	btp.KeyAlgorithmUnsupported: {http.StatusBadRequest, "Unsupported key algorithm"},

	btp.EmNameTaken:           {http.StatusConflict, "emname is taken"},
	btp.NamespaceTaken:        {http.StatusConflict, "Namespace is taken"},
	btp.ChannelNotEnabled:     {http.StatusForbidden, "Channel is not enabled"},
	btp.OutsideNamespace:      {http.StatusForbidden, "Outside of the client's namespace"},
	btp.TopicInvalid:          {http.StatusBadRequest, "Invalid topic"},
	btp.QueueNotFound:         {http.StatusNotFound, "No such queue"},
	btp.QueueLimit:            {http.StatusConflict, "Too many queues or subscriptions"},
	btp.QueueFull:             {http.StatusInsufficientStorage, "Queue is full"},
	btp.MessageInvalid:        {http.StatusBadRequest, "Invalid message"},
	btp.MessageTooLarge:       {http.StatusRequestEntityTooLarge, "Message is too large"},
	btp.MessageNotFound:       {http.StatusNotFound, "No such message"},
	btp.TooManyUnacknowledged: {http.StatusTooManyRequests, "Too many messages are not acknowledged"},
	btp.WebhookInvalid:        {http.StatusBadRequest, "Invalid push subscription"},
	btp.WebhookNotFound:       {http.StatusNotFound, "No such push subscription"},
	btp.WebhookLimit:          {http.StatusConflict, "Too many push subscriptions"},
	btp.HandshakeRefused:      {http.StatusConflict, "Webhook does not want messages"},

	btp.GatewayPathIncomplete: {http.StatusBadRequest, "Gateway path is incomplete"},
	btp.ApplicationNotFound:   {http.StatusNotFound, "No such application in a runtime"},
	btp.ServiceAmbiguous:      {http.StatusBadRequest, "Several services have this name"},
	btp.ServiceWithoutAPI:     {http.StatusBadRequest, "Service has no API"},
	btp.CredentialsUnusable:   {http.StatusInternalServerError, "Credentials cannot be used"},
	btp.TokenCallFailed:       {http.StatusBadGateway, "OAuth token could not be fetched"},
	btp.TokenCallMTLSFailed:   {http.StatusInternalServerError, "OAuth token could not be fetched with the certificate"},
	btp.CSRFCallFailed:        {http.StatusBadGateway, "CSRF token could not be fetched"},
	btp.TargetForbidden:       {http.StatusBadGateway, "Target may not be called"},
	btp.TargetUnreachable:     {http.StatusBadGateway, "Target is not reached"},
	btp.TargetTimeout:         {http.StatusGatewayTimeout, "Target does not answer in time"},
	btp.TargetFailed:          {http.StatusBadGateway, "Target failed"},
	btp.GatewayLoop:           {http.StatusBadGateway, "Target leads back to the gateway"},
}

// StatusOf is the HTTP status of a code on our own APIs, 500 for an unknown one.
func StatusOf(code btp.Code) int {
	if row, ok := problems[code]; ok {
		return row.status
	}
	return http.StatusInternalServerError
}

// TitleOf is the title of a code's problem documents.
func TitleOf(code btp.Code) string { return problems[code].title }

// documentOf is the problem document of err. The text of an error that is no
// refusal is not for the caller.
func documentOf(err error) problem.Document {
	code, detail := btp.Internal, ""
	var blockers []problem.Blocker
	var findings []problem.Finding
	var refused *btp.Error
	if errors.As(err, &refused) && refused.Code != btp.Internal {
		if _, known := problems[refused.Code]; known {
			code, detail = refused.Code, refused.Detail
			for _, b := range refused.Blockers {
				blockers = append(blockers, problem.Blocker{Kind: string(b.Kind), ID: b.ID, Name: b.Name})
			}
			for _, f := range refused.Findings {
				findings = append(findings, problem.Finding(f))
			}
		}
	}
	why := btp.Explain(code)
	return problem.Document{
		Type: problem.TypePrefix + string(code), Title: TitleOf(code), Status: StatusOf(code),
		Detail: detail, Next: why.Next, Source: why.Source, Blockers: blockers, Findings: findings,
	}
}

// WriteProblem answers with the problem document of err and writes the log
// line, unless the answer has begun. log may be nil.
func WriteProblem(c *gin.Context, log *slog.Logger, err error) {
	c.Abort()
	doc := documentOf(err)
	btp.ExchangeOf(c.Request.Context()).Refuse(btp.Code(strings.TrimPrefix(doc.Type, problem.TypePrefix)))
	if log != nil {
		level := slog.LevelInfo
		if doc.Status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		// The path has no query, where a token could stand.
		log.Log(c.Request.Context(), level, "refused", "method", c.Request.Method, "path", problem.Path(c.Request.URL.Path),
			"status", doc.Status, "code", btp.CodeOf(err), "error", err)
	}
	if !c.Writer.Written() {
		problem.Write(c.Writer, doc)
	}
}

// Handle makes a gin handler of one that returns its refusal.
func Handle(log *slog.Logger, h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := h(c)
		if err == nil || errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil {
			return // answered, or nobody is there any more
		}
		WriteProblem(c, log, err)
	}
}

// NoRoute answers a path that does not exist, on our own APIs.
func NoRoute(c *gin.Context) {
	WriteProblem(c, nil, btp.Errorf(btp.RouteNotFound, "there is nothing at this path"))
}

// NoMethod answers a method that a path does not have; gin has set Allow.
func NoMethod(c *gin.Context) {
	WriteProblem(c, nil, btp.Errorf(btp.MethodNotAllowed, "this path answers to %s", c.Writer.Header().Get("Allow")))
}
