package btp

// Object is an object of a platform service that stands on the registry: a service
// instance, a destination, a queue. What it says is the service's business, which
// keeps the rules of it in a package of its own (ADR 24); how it is found is the store's.
type Object struct {
	Kind ObjectKind
	ID   string
	// Scope is in what a Name is unique among objects of a kind: mostly the id of a
	// subaccount. The Name may be "": then nothing is unique.
	Scope, Name string
	// Parent is the id of the object that it belongs to; "" for none.
	Parent string
	// System is the system that it is for; "" for none.
	System SystemID
	// Sequence orders the objects of a kind.
	Sequence uint64
	// Document is what it says, JSON without secrets.
	Document []byte
	// Secret is what of it must not be shown, JSON; nil for nothing.
	Secret []byte
}

// The kinds of objects of platform services.
const (
	KindServiceInstance ObjectKind = "serviceInstance"
	KindServiceBinding  ObjectKind = "serviceBinding"
	KindDestination     ObjectKind = "destination"
	KindCertificateFile ObjectKind = "certificateFile" // of the destination service
	KindServiceClient   ObjectKind = "serviceClient"   // of the token service, made for a binding
	KindBusClient       ObjectKind = "busClient"       // a client of a subaccount's event bus
	KindQueue           ObjectKind = "queue"
	KindMessage         ObjectKind = "message"
	KindWebhook         ObjectKind = "webhook"    // pushes a queue's messages
	KindTrust           ObjectKind = "trust"      // a subaccount's SAML identity provider
	KindUser            ObjectKind = "user"       // of a subaccount's identity provider
	KindSystemType      ObjectKind = "systemType" // of a third party, in a global account
)

// ServiceObjectKinds are all of them.
var ServiceObjectKinds = []ObjectKind{
	KindServiceInstance, KindServiceBinding, KindDestination, KindCertificateFile, KindServiceClient, KindBusClient, KindQueue, KindMessage,
	KindWebhook, KindTrust, KindUser, KindSystemType,
}

// The bounds of an object.
const (
	MaxObjectDocument = 2 << 20 // bytes: a message of 1 MB, in base64
	MaxObjectSecret   = 64 << 10
)

// ObjectFilter selects objects of one kind; empty fields select all.
type ObjectFilter struct {
	Kind          ObjectKind
	Scope, Parent string
	System        SystemID
	// After is the Sequence behind which the page starts, Limit its length; 0: no limit.
	After uint64
	Limit int
}

// ObjectStore keeps objects of platform services.
type ObjectStore interface {
	Find(kind ObjectKind, id string) (Object, bool, error)
	FindByName(kind ObjectKind, scope, name string) (Object, bool, error)
	// List returns a page in the order of Sequence.
	List(ObjectFilter) ([]Object, error)
	// Count counts what List without After and Limit returns, without reading it.
	Count(ObjectFilter) (int, error)
	// Put creates or replaces. A name that is taken is refused with NameTaken.
	Put(Object) error
	Delete(kind ObjectKind, id string) error
}
