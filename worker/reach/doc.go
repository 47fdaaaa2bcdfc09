// Package reach says where this process may connect to on behalf of a job: to
// which hosts by name, and to which addresses those names may lead.
//
// Addresses are judged at the moment of connecting, by what a name has then
// resolved to. A name that was judged before, and leads elsewhere a moment
// later, gains nothing.
//
// It must not know what the connections are for. Errors name the setting that
// decides, which the caller gives.
package reach
