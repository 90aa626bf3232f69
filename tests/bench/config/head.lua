-- wrk sends HEAD in place of GET.
wrk.method = "HEAD"
