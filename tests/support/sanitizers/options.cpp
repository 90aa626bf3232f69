// Options of the sanitizers, carried by every program and suite of a sanitized build (RHA_SANITIZE), so that each run
// of them has the same. ASAN_OPTIONS and its like go before them, option by option.

extern "C" {

const char* __asan_default_options() { return "detect_stack_use_after_return=1:strict_string_checks=1"; }

const char* __ubsan_default_options() { return "print_stacktrace=1"; }

// History lets TSan name the other side of a race that lies a while back.
const char* __tsan_default_options() { return "halt_on_error=1:second_deadlock_stack=1:history_size=4"; }

}  // extern "C"
