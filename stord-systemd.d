stord-systemd.so: src/systemd_module.c src/systemd.h
src/systemd.h:
