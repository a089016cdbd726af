sshim-master 1
character 00112233445566778899aabbccddeeff
pid 4242
created 1763776800
limit 10
listener 4242
persist 600
socket /tmp/sshim-0/k/00112233445566778899aabbccddeeff/0
destination root@1.2.3.4:22
log -
end
