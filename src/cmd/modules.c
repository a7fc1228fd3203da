/* cmd/modules.c - the one place that names every domain. A domain is added by its folder and a line here: that order
 * is the order of routes and of apply.
 */
#include "access/access.h"
#include "cmd/cmd.h"
#include "core/pages.h"
#include "post/post.h"
#include "user/user.h"

const struct core_module *const cmd_modules[] = {
	&core_pages_module,
	&post_module,
	&user_module,
	&access_module,
};
const size_t cmd_module_count = sizeof cmd_modules / sizeof *cmd_modules;

const char cmd_version[] = LEGATION_VERSION;

struct core_options cmd_core_options(const char *directory)
{
	return (struct core_options){
		.modules = cmd_modules,
		.module_count = cmd_module_count,
		.directory = directory,
		.version = cmd_version,
		.tool_socket = -1,
	};
}
