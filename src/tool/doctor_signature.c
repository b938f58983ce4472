// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor, about signatures: whether a module has one, and whether this machine
 * knows the key. What a kernel refuses for want of a signature, modprobe reports
 * as "Key was rejected by service", and driverctl as a module that is not there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

#define DKMS_KEY "/var/lib/dkms/mok.pub"

/**
 * enum enrolled - whether the machine knows a key
 * @ENROLLED_UNKNOWN: it could not be found out
 * @ENROLLED_NO: it does not
 * @ENROLLED_YES: it does
 */
enum enrolled {
	ENROLLED_UNKNOWN,
	ENROLLED_NO,
	ENROLLED_YES,
};

/* A key in one of the kernel's rings is listed by the name of its owner. */
static enum enrolled ask_keys(const char *signer)
{
	enum enrolled answer = ENROLLED_UNKNOWN;
	char *keys = tool_read_all("/proc/keys"), *rest = keys, *line;

	if (!keys)
		return answer;
	while ((line = strsep(&rest, "\n"))) {
		if (!strstr(line, " asymmetri "))
			continue;
		if (strstr(line, signer)) {
			answer = ENROLLED_YES;
			break;
		}
		/* There are keys to be seen, and none of that name so far. */
		answer = ENROLLED_NO;
	}
	free(keys);
	return answer;
}

static enum enrolled ask_mokutil(void)
{
	static const char *const argv[] = {
		"mokutil", "--test-key", DKMS_KEY, NULL,
	};
	char text[512];

	if (!tool_exists(DKMS_KEY) ||
	    tool_capture(text, sizeof(text), argv) < 0)
		return ENROLLED_UNKNOWN;
	if (strstr(text, "is already enrolled"))
		return ENROLLED_YES;
	return strstr(text, "is not enrolled") ? ENROLLED_NO :
						 ENROLLED_UNKNOWN;
}

static const char *enforced_by(const struct doctor *doctor,
			       const struct tool_kernel *kernel)
{
	if (tool_kernel_option(kernel, "CONFIG_MODULE_SIG_FORCE") == 'y')
		return "the kernel has CONFIG_MODULE_SIG_FORCE";
	return doctor->enforced;
}

static void fix_by_enrolling(struct doctor *doctor, const char *before)
{
	if (doctor->has_efi)
		doctor_fix(doctor, "%smokutil --import %s, reboot, and confirm the key on the screen that comes",
			   before,
			   tool_exists(DKMS_KEY) ? DKMS_KEY : "CERTIFICATE");
	else
		doctor_fix(doctor, "%stake module.sig_enforce off the kernel's command line, or start the machine by UEFI and shim, which can enrol the key",
			   before);
}

static void judge_unsigned(struct doctor *doctor, const char *enforced)
{
	if (!*enforced) {
		doctor_say(doctor, "signature", DOCTOR_OK,
			   "none, and none is needed");
		return;
	}
	doctor_say(doctor, "signature", DOCTOR_FAIL,
		   "none, and the kernel will refuse to load it: %s", enforced);
	if (tool_exists(DKMS_KEY))
		fix_by_enrolling(doctor, "build it again, as dkms signs: dkms install --force; then ");
	else
		doctor_fix(doctor, "sign it with a key that the machine trusts: dkms does with /var/lib/dkms/mok.key, or the kernel's scripts/sign-file");
}

static void judge_unknown_key(struct doctor *doctor,
			      const struct tool_module *module,
			      const char *enforced)
{
	if (!*enforced && !doctor->has_efi) {
		doctor_say(doctor, "signature", DOCTOR_OK,
			   "signed by \"%s\"; nothing asks for a signature here",
			   module->signer);
		return;
	}
	doctor_say(doctor, "signature", *enforced ? DOCTOR_FAIL : DOCTOR_WARN,
		   "signed by \"%s\", whose key this machine does not know%s%s",
		   module->signer,
		   *enforced ? ", and the kernel will refuse to load it: " :
		   "; with Secure Boot it would be refused", enforced);
	fix_by_enrolling(doctor, "");
}

/* All keys that DKMS makes have one name: one of another machine, or an old one. */
static void judge_namesake(struct doctor *doctor,
			   const struct tool_module *module)
{
	doctor_say(doctor, "signature", DOCTOR_WARN,
		   "signed by \"%s\"; the machine knows a key of that name, and not %s",
		   module->signer, DKMS_KEY);
	doctor_fix(doctor, "if modprobe says \"Key was rejected\": mokutil --import %s, and reboot",
		   DKMS_KEY);
}

/**
 * doctor_signature() - look at the signature of a module
 * @doctor: the run
 * @kernel: the kernel that it is for
 * @module: the module
 */
void doctor_signature(struct doctor *doctor, const struct tool_kernel *kernel,
		      const struct tool_module *module)
{
	const char *enforced = enforced_by(doctor, kernel);
	enum enrolled enrolled, by_mokutil;

	if (tool_kernel_option(kernel, "CONFIG_MODULE_SIG") == 'n') {
		doctor_say(doctor, "signature", DOCTOR_SKIP,
			   "this kernel knows no signatures of modules");
		return;
	}
	if (!module->sig_key[0]) {
		judge_unsigned(doctor, enforced);
		return;
	}
	enrolled = module->signer[0] ? ask_keys(module->signer) :
				       ENROLLED_UNKNOWN;
	by_mokutil = ask_mokutil();
	if (enrolled != ENROLLED_YES && by_mokutil != ENROLLED_UNKNOWN)
		enrolled = by_mokutil;
	if (enrolled == ENROLLED_YES && by_mokutil == ENROLLED_NO)
		judge_namesake(doctor, module);
	else if (enrolled == ENROLLED_YES)
		doctor_say(doctor, "signature", DOCTOR_OK,
			   "signed by \"%s\", whose key this machine knows",
			   module->signer);
	else if (enrolled == ENROLLED_NO)
		judge_unknown_key(doctor, module, enforced);
	else
		doctor_say(doctor, "signature", DOCTOR_SKIP,
			   "signed by \"%s\"; whether that key is enrolled cannot be seen%s",
			   module->signer, *enforced ? ": try as root" : "");
}
