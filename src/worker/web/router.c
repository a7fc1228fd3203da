#include "worker/web/router.h"

static bool take_segment(struct span *rest, struct span *ret_segment)
{
	if (rest->size == 0 || rest->at[0] != '/')
		return false;
	size_t size = 1;
	while (size < rest->size && rest->at[size] != '/')
		size++;
	*ret_segment = (struct span){rest->at + 1, size - 1};
	*rest = (struct span){rest->at + size, rest->size - size};
	return true;
}

static bool fits(const char *pattern, struct span path, struct web_match *match)
{
	struct span left = span_of_string(pattern);
	struct span ours, theirs;
	match->parameter_count = 0;
	while (take_segment(&left, &ours)) {
		if (!take_segment(&path, &theirs))
			return false;
		if (ours.size == 0 || ours.at[0] != ':') {
			if (!span_equal(ours, theirs))
				return false;
			continue;
		}
		REQUIRE(match->parameter_count < WEB_PARAMETERS_MAX);
		struct web_parameter *parameter = &match->parameters[match->parameter_count++];
		parameter->name = (struct span){ours.at + 1, ours.size - 1};
		if (failed(decimal_read(theirs, SHAPE_NUMBER_MAX, &parameter->number)))
			return false;
	}
	return path.size == 0;
}

static bool is_method(enum route_method ours, enum web_head_method theirs)
{
	return (ours == ROUTE_GET && theirs == WEB_HEAD_METHOD_GET) ||
	       (ours == ROUTE_POST && theirs == WEB_HEAD_METHOD_POST) ||
	       (ours == ROUTE_DELETE && theirs == WEB_HEAD_METHOD_DELETE);
}

enum web_matched web_router_find(const struct route *routes, size_t count, enum web_head_method method,
				 struct span path, struct web_match *ret_match)
{
	enum web_matched best = WEB_MATCH_NONE;
	for (size_t i = 0; i < count; i++) {
		struct web_match match = {.route = (uint32_t)i};
		if (!routes[i].path || routes[i].access == ROUTE_TOOL || !fits(routes[i].path, path, &match))
			continue;
		if (is_method(routes[i].method, method)) {
			*ret_match = match;
			return WEB_MATCH_FOUND;
		}
		best = WEB_MATCH_METHOD;
	}
	return best;
}

void web_router_allow(const struct route *routes, size_t count, struct span path, struct sink *s)
{
	static const struct {
		enum web_head_method method;
		const char *word;
	} methods[] = {
		{WEB_HEAD_METHOD_GET, "GET"}, {WEB_HEAD_METHOD_POST, "POST"}, {WEB_HEAD_METHOD_DELETE, "DELETE"}};
	bool wrote = false;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		struct web_match match;
		if (web_router_find(routes, count, methods[i].method, path, &match) != WEB_MATCH_FOUND)
			continue;
		sink_printf(s, "%s%s", wrote ? ", " : "", methods[i].word);
		wrote = true;
	}
}
