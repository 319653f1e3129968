// A Vulkan driver that passes everything on to the one in LOSABLE_GPU_DRIVER. While the file LOSABLE_GPU_LOST exists, it reports
// at each piece of work that the device is lost, as a driver does when the GPU was reset or has fallen off the bus.
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
#define VK_ERROR_DEVICE_LOST (-4)

typedef void (*Function)(void);
typedef Function (*Lookup)(void *, const char *);
typedef int (*Submit)(void *, uint32_t, const void *, uint64_t);

static Lookup real_device_lookup;
static Submit real_submit;

static void *from_driver(const char *name) {
  return dlsym(dlopen(getenv("LOSABLE_GPU_DRIVER"), RTLD_NOW | RTLD_LOCAL), name);
}

static int submit(void *queue, uint32_t count, const void *work, uint64_t fence) {
  if (access(getenv("LOSABLE_GPU_LOST"), F_OK) == 0) return VK_ERROR_DEVICE_LOST;
  return real_submit(queue, count, work, fence);
}

static Function of_device(void *device, const char *name) {
  Function real = real_device_lookup(device, name);
  if (real == NULL || strcmp(name, "vkQueueSubmit") != 0) return real;
  real_submit = (Submit)real;
  return (Function)submit;
}

PUBLIC Function vk_icdGetInstanceProcAddr(void *instance, const char *name) {
  Function real = ((Lookup)from_driver("vk_icdGetInstanceProcAddr"))(instance, name);
  if (real == NULL || strcmp(name, "vkGetDeviceProcAddr") != 0) return real;
  real_device_lookup = (Lookup)real;
  return (Function)of_device;
}

PUBLIC Function vk_icdGetPhysicalDeviceProcAddr(void *instance, const char *name) {
  return ((Lookup)from_driver("vk_icdGetPhysicalDeviceProcAddr"))(instance, name);
}

PUBLIC int vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  return ((int (*)(uint32_t *))from_driver("vk_icdNegotiateLoaderICDInterfaceVersion"))(version);
}
